"""The journal of the tills: every receipt in the order in which the head office hears of it.

It is all there is of receipts: what customers have bought is found in it by their cards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.people import people
from connectors.sandbox.retailer.places import STORES
from connectors.sandbox.retailer.sales import at_tills

SALES = 12  # of the last hours; each third has no card, the last is a refund of the first
SHOPPERS = 5  # whose cards the others have
BROUGHT_BACK = 10  # of the sales of long ago one in so many, a day later and without a card
CURRENCY = "EUR"
MOST = 200  # receipts told at once


@dataclass(frozen=True, slots=True)
class Slip:
    """One receipt. Of goods that were taken back, `refunds` is the number of the sale."""

    number: str
    branch: str
    sold: datetime
    items: tuple[tuple[str, int, Decimal], ...]
    card: str | None
    refunds: str | None = None

    @property
    def total(self) -> Decimal:
        """All that was paid, or given back."""
        return sum((amount for _, _, amount in self.items), Decimal(0))


class Journal:
    """The slips; a cursor is how many have been told."""

    def __init__(self, seed: int, now: http.Now) -> None:
        self._now = now
        self.slips: list[Slip] = list(_made(seed, now()))

    def of(self, card: str) -> list[Slip]:
        """What was bought, and brought back, with a card; the latest first."""
        found = [one for one in self.slips if one.card == card]
        return sorted(found, key=lambda one: (one.sold, one.number), reverse=True)

    def forget(self, card: str) -> None:
        """Nobody bought it."""
        self.slips = [replace(one, card=None) if one.card == card else one for one in self.slips]

    def routes(self) -> list[Route]:
        """The remote calls."""
        return [
            Route("/rpc/receipts.list", self._list, methods=["POST"]),
            Route("/rpc/receipts.record", self._record, methods=["POST"]),
        ]

    async def _list(self, request: Request) -> Response:
        asked = await http.body_of(request)
        limit, after = min(http.cell(asked, "limit", int), MOST), asked.get("after", "0")
        if not isinstance(after, str) or not after.isdecimal() or int(after) > len(self.slips):
            raise HTTPException(422, "bad_cursor")
        told = self.slips[int(after) : int(after) + limit]
        cursor = int(after) + len(told)
        return http.reply(
            {
                "ok": True,
                "answeredAt": self._now().isoformat(timespec="milliseconds"),
                "receipts": [_told(one) for one in told],
                "cursor": str(cursor),
                "more": cursor < len(self.slips),
            }
        )

    async def _record(self, request: Request) -> Response:
        """Ring up a sale, or take goods back."""
        asked = await http.body_of(request)
        rows = http.rows_in(asked, "items")
        items = tuple(
            (
                http.cell(row, "itemNo", str),
                http.cell(row, "qty", int),
                Decimal(http.cell(row, "amount", str)),
            )
            for row in rows
        )
        slip = Slip(
            asked.get("receiptNo") or f"R-{len(self.slips) + 1:06}",
            http.cell(asked, "branchNo", str),
            self._now(),
            items,
            asked.get("cardNo"),
            asked.get("refundOf"),
        )
        self.slips.append(slip)
        return http.reply({"ok": True, "receipt": _told(slip)})


def _made(seed: int, now: datetime) -> list[Slip]:
    return [*_of_long_ago(seed), *_of_the_last_hours(seed, now)]


def _of_long_ago(seed: int) -> Iterator[Slip]:
    """The sales that a seed decides, the first one first."""
    cards = {person.tills: person.card for person in people(seed)}
    for place, sale in enumerate(reversed(at_tills(seed))):
        items = tuple((one.sku, one.pieces, one.total) for one in sale.pieces)
        yield Slip(sale.number, sale.store, sale.at, items, cards[sale.customer])
        if place % BROUGHT_BACK == 0:
            back = sale.at + timedelta(days=1)
            yield Slip(f"{sale.number}-B", sale.store, back, items[:1], None, sale.number)


def _of_the_last_hours(seed: int, now: datetime) -> list[Slip]:
    dice, skus = Dice(seed, "receipts"), assortment(seed).skus
    known = [person.card for person in people(seed) if person.tills is not None][:SHOPPERS]
    slips = []
    for number in range(1, SALES):
        items = tuple(
            (sku, 1, Decimal(dice.between(990, 9990)) / 100) for sku in dice.sample(skus, 2)
        )
        card = None if number % 3 == 0 else known[number % SHOPPERS]
        sold = now - timedelta(hours=SALES - number)
        slips.append(Slip(f"R-{number:06}", dice.pick(STORES).number, sold, items, card))
    first, five = slips[0], timedelta(minutes=5)
    back = Slip(f"R-{SALES:06}", first.branch, now - five, first.items[:1], None, first.number)
    return [*slips, back]


def _told(slip: Slip) -> dict[str, Any]:
    return {
        "receiptNo": slip.number,
        "branchNo": slip.branch,
        "soldAt": slip.sold.isoformat(timespec="milliseconds"),
        "cardNo": slip.card,
        "refundOf": slip.refunds,
        "currency": CURRENCY,
        "total": str(slip.total),
        "items": [
            {"itemNo": sku, "qty": quantity, "amount": str(amount)}
            for sku, quantity, amount in slip.items
        ],
    }
