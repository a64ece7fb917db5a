"""The listings of the seller in miniature."""

from copy import deepcopy
from typing import Any

from connectors.amazon.specimen_desk import NOT_FOUND, Json, Query, RefusedError
from connectors.amazon.specimen_orders import ITALY

MOST_PER_CALL = 20
SELLER = "A3SPECIMEN"
INVALID = {
    "code": "90000900",
    "message": "The attributes are invalid.",
    "severity": "ERROR",
    "categories": ["INVALID_ATTRIBUTE"],
}


def listing(sku: str, quantity: int, price: str, kind: str) -> Json:
    """A listing that can be bought."""
    return {
        "sku": sku,
        "summaries": [
            {
                "marketplaceId": ITALY,
                "productType": kind,
                "status": ["BUYABLE", "DISCOVERABLE"],
                "createdDate": "2025-01-01T00:00:00Z",
                "lastUpdatedDate": "2025-06-01T00:00:00Z",
            }
        ],
        "productTypes": [{"marketplaceId": ITALY, "productType": kind}],
        "offers": [
            {
                "marketplaceId": ITALY,
                "offerType": "B2C",
                "price": {"currencyCode": "EUR", "amount": price},
            }
        ],
        "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": quantity}],
    }


LISTINGS = (
    listing("TRAIL-42", 4, "89.90", "SHOES"),
    listing("BOTTLE", 12, "15.00", "BOTTLE"),
    listing("ROPE-M", 0, "12.80", "SPORTING_GOODS"),
)
ALWAYS = frozenset({"sku"})


class TinyListings:
    """Answers about listings."""

    def __init__(self) -> None:
        self.listings: dict[str, Json] = {one["sku"]: one for one in deepcopy(LISTINGS)}
        self.submissions = 0
        self.invalid: set[str] = set()

    def search(self, query: Query, _body: Json | None, seller: str) -> Json:
        """`searchListingsItems`."""
        _check(query, seller)
        asked = query["identifiers"].split(",")
        if len(asked) > MOST_PER_CALL or query.get("identifiersType") != "SKU":
            raise RefusedError("InvalidInput")
        shown = {*query.get("includedData", "summaries").split(","), *ALWAYS}
        found = [self.listings[sku] for sku in asked if sku in self.listings]
        items = [
            {name: value for name, value in one.items() if name in shown}
            for one in found[: int(query.get("pageSize", 10))]
        ]
        return {"numberOfResults": len(found), "items": items}

    def patch(self, query: Query, body: Json | None, seller: str, sku: str) -> Json:
        """`patchListingsItem`."""
        _check(query, seller)
        if sku not in self.listings:
            raise RefusedError("NotFound", status=NOT_FOUND)
        asked, known = body or {}, self.listings[sku]
        self.submissions += 1
        told: Json = {"sku": sku, "submissionId": f"submission-{self.submissions}"}
        if sku in self.invalid or asked["productType"] != known["productTypes"][0]["productType"]:
            return {**told, "status": "INVALID", "issues": [INVALID]}
        for change in asked["patches"]:
            _change(known, change)
        return {**told, "status": "ACCEPTED", "issues": []}

    def held(self, sku: str) -> list[tuple[str, Any]]:
        """The figures of a listing."""
        known = self.listings[sku]
        price, stock = known["offers"][0]["price"], known["fulfillmentAvailability"][0]
        return [(sku, (stock["quantity"], price["amount"]))]


def _check(query: Query, seller: str) -> None:
    if seller != SELLER or query.get("marketplaceIds") != ITALY:
        raise RefusedError("InvalidInput")


def _change(known: Json, change: Json) -> None:
    (value,) = change["value"]
    if change["path"] == "/attributes/fulfillment_availability":
        stock = {"quantity": value["quantity"]}
        code = value["fulfillment_channel_code"]
        known["fulfillmentAvailability"] = [{"fulfillmentChannelCode": code, **stock}]
    elif change["path"] == "/attributes/purchasable_offer":
        amount = f"{value['our_price'][0]['schedule'][0]['value_with_tax']:.2f}"
        price = {"currencyCode": value["currency"], "amount": amount}
        known["offers"] = [{"marketplaceId": ITALY, "offerType": "B2C", "price": price}]
    else:
        raise RefusedError("InvalidInput")
