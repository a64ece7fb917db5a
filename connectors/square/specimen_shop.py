"""The seller in miniature: three places in business, what is sold there and how much there is."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from connectors.square.specimen_desk import NOW, Body, Json, RefusedError, cut

DUBLIN, CORK, MARKET, CLOSED = "L2DUBLIN0001", "L2CORK000002", "L2MARKET0003", "L2CLOSED0004"
VALUES_PER_QUERY = 250
Handler = Callable[..., Json]


def _hours(days: Mapping[str, tuple[str, str]]) -> Json:
    periods = [
        {"day_of_week": day, "start_local_time": start, "end_local_time": end}
        for day, (start, end) in days.items()
    ]
    return {"periods": periods}


def _place(own: str, name: str, **told: Any) -> Json:
    return {
        "id": own,
        "name": name,
        "timezone": "Europe/Dublin",
        "capabilities": ["CREDIT_CARD_PROCESSING"],
        "status": "ACTIVE",
        "created_at": "2024-03-01T09:00:00Z",
        "merchant_id": "MLSELLER00001",
        "country": "IE",
        "language_code": "en-IE",
        "currency": "EUR",
        "business_name": "Summit & Co",
        "type": "PHYSICAL",
        "mcc": "5941",
        **told,
    }


LOCATIONS: tuple[Json, ...] = (
    _place(
        CORK,
        "Cork",
        address={
            "address_line_1": "12 Patrick Street",
            "locality": "Cork",
            "postal_code": "T12 XY45",
            "country": "IE",
        },
        business_hours=_hours({"SAT": ("10:00:00", "00:00:00"), "SUN": ("12:00:00", "18:00:00")}),
    ),
    _place(
        DUBLIN,
        "Dublin",
        address={
            "address_line_1": "Unit 4",
            "address_line_2": "2 Grafton Street",
            "locality": "Dublin",
            "administrative_district_level_1": "Leinster",
            "postal_code": "D02 VF25",
            "country": "IE",
        },
        coordinates={"latitude": 53.3415, "longitude": -6.2603},
        phone_number="+353 1 555 0100",
        business_hours=_hours(
            dict.fromkeys(("MON", "TUE", "WED", "THU", "FRI"), ("09:00:00", "18:30:00"))
        ),
    ),
    _place(MARKET, "Market stall", type="MOBILE"),
    _place(CLOSED, "Old shop", status="INACTIVE"),
)


def _variation(own: str, sku: str, *, cents: int | None, **told: Any) -> Json:
    priced: Json = {"pricing_type": "VARIABLE_PRICING"}
    if cents is not None:
        money = {"amount": cents, "currency": "EUR"}
        priced = {"pricing_type": "FIXED_PRICING", "price_money": money}
    return {
        "type": "ITEM_VARIATION",
        "id": own,
        "updated_at": NOW,
        "version": 1763631000000,
        "is_deleted": False,
        "present_at_all_locations": True,
        "item_variation_data": {
            "item_id": f"ITEM{own}",
            "name": "Regular",
            "sku": sku,
            "ordinal": 1,
            "sellable": True,
            "stockable": True,
            **priced,
            **told,
        },
    }


VARIATIONS: tuple[Json, ...] = (
    _variation("V0TRAIL42", "TRAIL-42", cents=8990, track_inventory=True),
    _variation(
        "V0BOTTLE",
        "BOTTLE",
        cents=1500,
        track_inventory=False,
        location_overrides=[
            {"location_id": DUBLIN, "track_inventory": True},
            {"location_id": CORK, "price_money": {"amount": 1650, "currency": "EUR"}},
        ],
    ),
    _variation("V0ROPE", "ROPE-M", cents=320, track_inventory=True),
    _variation("V0GUIDED", "GUIDED-TOUR", cents=None),
)


def _count(variation: str, place: str, quantity: str, state: str = "IN_STOCK") -> Json:
    return {
        "catalog_object_id": variation,
        "catalog_object_type": "ITEM_VARIATION",
        "state": state,
        "location_id": place,
        "quantity": quantity,
        "calculated_at": NOW,
    }


COUNTS: tuple[Json, ...] = (
    _count("V0TRAIL42", DUBLIN, "5"),
    _count("V0TRAIL42", DUBLIN, "2", "RESERVED_FOR_SALE"),
    _count("V0TRAIL42", DUBLIN, "12", "ORDERED_FROM_VENDOR"),
    _count("V0TRAIL42", CORK, "0"),
    _count("V0TRAIL42", MARKET, "1", "RESERVED_FOR_SALE"),
    _count("V0TRAIL42", DUBLIN, "3", "WASTE"),
    _count("V0BOTTLE", DUBLIN, "40"),
    _count("V0BOTTLE", CORK, "7"),
    _count("V0ROPE", DUBLIN, "79.5"),
    _count("V0ROPE", CORK, "-2.5"),
)


class TinyShop:
    """Answers about locations, the catalogue and the inventory. `page` is the longest page."""

    def __init__(self, page: int = 1000) -> None:
        self.locations, self.variations = deepcopy(LOCATIONS), deepcopy(VARIATIONS)
        self.counts = deepcopy(COUNTS)
        self._page = page
        self.handlers: Mapping[tuple[str, str], Handler] = {
            ("GET", "/v2/locations"): self._locations,
            ("POST", "/v2/catalog/search"): self._search,
            ("POST", "/v2/catalog/batch-retrieve"): self._retrieve,
            ("POST", "/v2/inventory/counts/batch-retrieve"): self._inventory,
        }

    def _locations(self, _asked: Body) -> Json:
        return {"locations": list(self.locations)} if self.locations else {}

    def _search(self, asked: Body) -> Json:
        query = asked["query"]["set_query"]
        if len(query["attribute_values"]) > VALUES_PER_QUERY:
            raise RefusedError("ARRAY_LENGTH_TOO_LONG")
        wanted = {value.casefold() for value in query["attribute_values"]}
        rows = [
            one
            for one in self.variations
            if one["item_variation_data"][query["attribute_name"]].casefold() in wanted
        ]
        return {**self._cut(rows, asked, "objects"), "latest_time": NOW}

    def _retrieve(self, asked: Body) -> Json:
        rows = [one for one in self.variations if one["id"] in asked["object_ids"]]
        return {"objects": rows} if rows else {}

    def _inventory(self, asked: Body) -> Json:
        rows = [
            one
            for one in self.counts
            if one["catalog_object_id"] in asked["catalog_object_ids"]
            and one["location_id"] in asked["location_ids"]
            and one["state"] in asked["states"]
        ]
        return self._cut(rows, asked, "counts")

    def _cut(self, rows: list[Json], asked: Body, name: str) -> Json:
        if asked.get("limit", 1) > 1000:  # noqa: PLR2004  the documented maximum
            raise RefusedError("VALUE_TOO_HIGH")
        return cut(rows, {**asked, "limit": min(asked["limit"], self._page)}, name=name, most=1000)
