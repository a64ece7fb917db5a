"""The orders of the seller in miniature: sales, an exchange, a return, and one that is open."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors.square.specimen_desk import Body, Json, RefusedError, cut
from connectors.square.specimen_people import DARIA
from connectors.square.specimen_shop import CLOSED, CORK, DUBLIN

LOCATIONS_PER_CALL = 10
MOST = 1000
BOOTS, BOTTLE = "V0TRAIL42", "V0BOTTLE"
Handler = Callable[..., Json]


def euros(cents: int) -> Json:
    """An amount."""
    return {"amount": cents, "currency": "EUR"}


def line(uid: str, cents: int, variation: str | None, quantity: str = "1", **told: Any) -> Json:
    """A line of a sale or of a return."""
    known = {} if variation is None else {"catalog_object_id": variation}
    return {
        "uid": uid,
        "name": "Goods",
        "quantity": quantity,
        "item_type": "CUSTOM_AMOUNT" if variation is None else "ITEM",
        "total_money": euros(cents),
        "total_tax_money": euros(0),
        "total_discount_money": euros(0),
        **known,
        **told,
    }


def order(own: str, at: str, lines: list[Json], *, place: str = DUBLIN, **told: Any) -> Json:
    """A paid order."""
    total = sum(one["total_money"]["amount"] for one in lines)
    sold = {"line_items": lines} if lines else {}
    return {
        "id": own,
        "location_id": place,
        "source": {"name": "Square Point of Sale"},
        "state": "COMPLETED",
        "created_at": at,
        "updated_at": at,
        "closed_at": at,
        "total_money": euros(total),
        "net_amounts": {"total_money": euros(total)},
        **sold,
        **told,
    }


def returned(uid: str, of: str | None, lines: list[Json]) -> Json:
    """Goods that were taken back."""
    total = euros(sum(one["total_money"]["amount"] for one in lines))
    sale = {} if of is None else {"source_order_id": of}
    amounts = {"return_amounts": {"total_money": total}}
    return {"uid": uid, "return_line_items": lines, **amounts, **sale}


ORDERS: tuple[Json, ...] = (
    order("ORDER-1", "2026-11-10T10:00:00.123Z", [line("a", 8990, BOOTS)], customer_id=DARIA),
    order(
        "ORDER-2",
        "2026-11-11T11:00:00.000Z",
        [line("a", 3000, BOTTLE, "2"), line("b", 500, None)],
        place=CORK,
        tenders=[
            {
                "id": "TENDER-2",
                "location_id": CORK,
                "type": "CARD",
                "amount_money": euros(3500),
                "customer_id": DARIA,
            }
        ],
    ),
    order(
        "ORDER-3",
        "2026-11-12T12:00:00.000Z",
        [line("a", 1500, BOTTLE)],
        returns=[returned("r", "ORDER-1", [line("a", 8990, BOOTS)])],
    ),
    order("ORDER-4", "2026-11-12T12:00:00.000Z", [line("a", 1280, "V0ROPE", "3.5")], place=CLOSED),
    order("ORDER-5", "2026-11-13T09:00:00.000Z", [line("a", 8990, BOOTS)], state="OPEN"),
)


class TinyOrders:
    """Answers about orders."""

    def __init__(self, page: int = 1000) -> None:
        self._page = page
        self.orders: list[Json] = list(ORDERS)
        self.handlers: Mapping[tuple[str, str], Handler] = {
            ("POST", "/v2/orders/search"): self._search,
        }

    def _search(self, asked: Body) -> Json:
        if len(asked["location_ids"]) > LOCATIONS_PER_CALL:
            raise RefusedError("ARRAY_LENGTH_TOO_LONG")
        wanted, sort = asked["query"]["filter"], asked["query"]["sort"]
        field = sort["sort_field"].lower()
        times = wanted["date_time_filter"]
        if set(times) != {field}:
            raise RefusedError("CONFLICTING_PARAMETERS")
        found = [
            one
            for one in self.orders
            if one["location_id"] in asked["location_ids"]
            and one["state"] in wanted.get("state_filter", {}).get("states", [one["state"]])
            and _between(one[field], times[field])
            and _of(one, wanted.get("customer_filter"))
        ]
        found.sort(key=lambda one: _at(one[field]), reverse=sort["sort_order"] == "DESC")
        shorter = {**asked, "limit": min(asked["limit"], self._page)}
        return cut(found, shorter, name="orders", most=MOST)


def _between(at: str, times: Body) -> bool:
    start, end = times.get("start_at"), times.get("end_at")
    late_enough = start is None or _at(start) <= _at(at)
    return late_enough and (end is None or _at(at) <= _at(end))


def _at(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _of(one: Json, wanted: Body | None) -> bool:
    if wanted is None:
        return True
    buyers = {one.get("customer_id"), *(each.get("customer_id") for each in one.get("tenders", ()))}
    return bool(buyers & set(wanted["customer_ids"]))
