"""What is an endpoint told? What a subscriber of the same stream is, by the same cursors.

`data` is what the subscription of the stream tells, field by field, so that a receiver may change
transport. Orders are told by number and state: whoever wants more asks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypedDict

import orjson

from app.events.model import Event, Happened, Lost, Quiet, Stream, There
from app.orders.following import ORDERS
from app.orders.model import Order
from app.partners.events import ENTERED, LEFT, PRICED, written
from app.partners.following import ASSORTMENTS
from app.partners.model import Item
from app.settings import Told, Webhook

STREAMS: Mapping[Told, Stream[Any]] = {Told.ASSORTMENT: ASSORTMENTS, Told.ORDERS: ORDERS}
FIELDS = {Told.ASSORTMENT: "assortmentEvents", Told.ORDERS: "orderEvents"}
CHANGES = {ENTERED: "ENTERED", PRICED: "PRICED"}
Json = dict[str, Any]


class Narrowed(TypedDict, total=False):
    """What of a stream somebody is told."""

    entity: str | None
    party: str | None


def whose(endpoint: Webhook) -> Narrowed:
    """Of what its stream tells an endpoint: its partner's assortment, or its partner's orders."""
    if endpoint.tells is Told.ORDERS:
        return {"party": endpoint.partner}
    return {"entity": endpoint.partner}


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be delivered. The same event always has the same `id`."""

    id: str
    kind: str
    body: bytes


def message_of(name: str, endpoint: Webhook, event: Event[Any], *, now: datetime) -> Message | None:
    """The message of an event; None where there is nothing to tell."""
    if isinstance(event, Quiet):
        return None
    told = {"cursor": event.cursor, **_told(endpoint.tells, event)}
    at = event.told.at if isinstance(event, Happened) else now
    kind = told["__typename"]
    lost = (event.after, event.before) if isinstance(event, Lost) else ()
    body = orjson.dumps(
        {"type": kind, "timestamp": at.isoformat(), "data": {FIELDS[endpoint.tells]: told}}
    )
    return Message(_id(name, kind, event.cursor, *lost), kind, body)


def _id(*parts: object) -> str:
    text = "\0".join(map(str, parts))
    return f"msg_{blake2b(text.encode(), digest_size=16).hexdigest()}"


def _told(tells: Told, event: There[Any] | Happened | Lost) -> Json:
    match event:
        case Lost():
            return {
                "__typename": "Gap",
                "code": str(event.code),
                "from": event.after,
                "to": event.before,
                "resyncFrom": event.cursor,
            }
        case There() if tells is Told.ORDERS:
            return {
                "__typename": "OrderSnapshot",
                "orders": [_order(one) for one in event.rows],
                **_page(event),
            }
        case There():
            return {
                "__typename": "AssortmentSnapshot",
                "items": [_item(one) for one in event.rows],
                **_page(event),
            }
        case Happened():
            return _order_event(event) if tells is Told.ORDERS else _item_event(event)


def _page(there: There[Any]) -> Json:
    return {"seq": there.seq, "lastSeq": there.last, "complete": there.complete}


def _order(order: Order) -> Json:
    mine = {} if order.reference is None else {"reference": order.reference}
    return {"number": order.number, "state": str(order.state), **mine}


def _item(item: Item) -> Json:
    return {
        "sku": item.sku,
        "status": item.stock.status,
        "availableToSell": item.stock.available,
        "prices": _prices(written(item.stock.prices)),
        "version": item.version,
    }


def _prices(prices: Iterable[Sequence[str]]) -> list[Json]:
    return [{"amount": amount, "currency": currency} for amount, currency in prices]


def _happened(kind: str, happened: Happened, entity: str) -> Json:
    return {
        "__typename": kind,
        "seq": happened.told.seq,
        "prevSeq": happened.prev,
        "entity": entity,
        "occurredAt": happened.told.at.isoformat(),
    }


def _order_event(happened: Happened) -> Json:
    fact = happened.told.fact
    return {
        **_happened("OrderDelta", happened, fact.entity),
        "version": happened.told.seq,
        "change": fact.kind,
        "state": fact.body.get("state"),
        **({"reference": fact.body["called"]} if "called" in fact.body else {}),
    }


def _item_event(happened: Happened) -> Json:
    fact = happened.told.fact
    sku = fact.body["sku"]
    if fact.kind == LEFT:
        return _happened("Removed", happened, sku)
    return {
        **_happened("AssortmentDelta", happened, sku),
        "version": fact.body["version"],
        "change": CHANGES.get(fact.kind, "CHANGED"),
        "item": {
            "sku": sku,
            "status": fact.body["status"],
            "availableToSell": fact.body["available"],
            "prices": _prices(fact.body.get("prices", ())),
            "version": fact.body["version"],
        },
    }
