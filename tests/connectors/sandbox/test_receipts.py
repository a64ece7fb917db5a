"""What the tills' journal tells and what customers have bought there is one set of receipts."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from app.ports import Contact, ContactKind, CustomerKey, Purchase, Receipt
from app.values import CurrencyCode, Money
from connectors.sandbox.retailer.people import people
from tests.connectors.sandbox.served import SEED, SKUS, Served, connected

ADA = next(one for one in people(SEED) if one.tills is not None)
TILLS = CustomerKey(str(ADA.tills))


async def journal(served: Served) -> list[Receipt]:
    """All of it."""
    found: list[Receipt] = []
    after, more = None, True
    while more:
        page = await served.connection.receipts(after, first=100)
        found += page.receipts
        after, more = page.cursor, page.more
    return found


async def bought(served: Served) -> list[Purchase]:
    until = served.clock() + timedelta(days=1)
    rows: list[Purchase] = list(
        (await served.connection.purchases([TILLS], until=until, most=100)).rows
    )
    return rows


async def rung_up(served: Served, **slip: Any) -> str:
    transport = httpx.ASGITransport(app=served.system)
    told = {"branchNo": "ST-MIL", "cardNo": ADA.card, **slip}
    told["items"] = [{"itemNo": SKUS[0], "qty": 2, "amount": "39.80"}]
    async with httpx.AsyncClient(transport=transport, base_url="http://tills") as http:
        answer = await http.post("/rpc/receipts.record", json=told)
    return str(answer.json()["receipt"]["receiptNo"])


def as_bought(one: Receipt) -> tuple[str, datetime, Any, Any]:
    return (one.number, one.sold_at.replace(microsecond=0), one.location, one.total)


async def test_purchases_are_the_receipts_of_a_card() -> None:
    async with connected("tills") as served:
        told = await journal(served)
        mine = sorted((one for one in told if one.card == ADA.card), key=lambda one: one.sold_at)
        rows = await bought(served)
        assert [as_bought(one) for one in reversed(mine)] == [
            (row.reference, row.placed_at, row.location, row.total) for row in rows
        ]
        assert len(rows) > 1
        lines = {row.reference: [(one.sku, one.quantity) for one in row.lines] for row in rows}
        assert lines == {one.number: [(x.sku, x.quantity) for x in one.lines] for one in mine}
        assert any(one.refund_of is not None for one in told)


async def test_what_is_rung_up_is_in_both_and_what_is_brought_back_below_zero() -> None:
    async with connected("tills") as served:
        sold = await rung_up(served)
        back = await rung_up(served, refundOf=sold)
        assert [one.number for one in (await journal(served))[-2:]] == [sold, back]
        rows = {row.reference: row for row in await bought(served)}
        assert [line.quantity for line in rows[sold].lines] == [2]
        assert [line.quantity for line in rows[back].lines] == [-2]
        assert rows[back].total == Money(Decimal("-39.80"), CurrencyCode("EUR"))


async def test_what_somebody_who_is_forgotten_has_bought_is_nobodys() -> None:
    async with connected("tills") as served:
        before = await journal(served)
        await served.connection.erase(TILLS)
        after = await journal(served)
        assert [one.number for one in after] == [one.number for one in before]
        assert [one.card for one in after] == [
            None if one.card == ADA.card else one.card for one in before
        ]
        assert await bought(served) == []
        card = [Contact(ContactKind.LOYALTY_CARD, ADA.card)]
        assert (await served.connection.find(card)).rows == ()
