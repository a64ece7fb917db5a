"""What does a receipt earn, whenever it comes? Once, in whatever order, and refunds in proportion.

A receipt is written down when it is heard of for the first time. A sale earns when both it and its
member are known; a refund takes back when both it and its sale are. So it does not matter which of
them comes first, nor whether one comes again. Both have the row of the sale first: whoever is the
second sees what the other did.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select, update

from app.loyalty import ledger, repository, sums, undoing
from app.loyalty.cards import sound
from app.loyalty.ledger import Earned
from app.loyalty.rules import Goods, earned, part_of
from app.loyalty.tables import members, receipts
from app.ports import Receipt
from app.settings import Loyalty
from app.store import Work
from app.store.statements import inserting
from app.values import CustomerId

LONGEST, LONGEST_CARD = 80, 40  # characters of the numbers of a receipt, and of a card
MOST_CLAIMED = 100  # of one transaction


def record(work: Work, source: str, told: Sequence[Receipt], rules: Loyalty) -> int:
    """Write receipts down, and do what follows from them; how many of them were new.

    One that cannot be kept is passed over, so that it does not stand in the way of the others.
    """
    return sum(_recorded(work, source, receipt, rules) for receipt in told if kept(receipt))


def kept(receipt: Receipt) -> bool:
    """Whether there is room for it: its numbers are not too long, and its time has a zone."""
    numbers = (receipt.number, receipt.refund_of or "")
    return (
        max(map(len, numbers)) <= LONGEST
        and len(receipt.card or "") <= LONGEST_CARD
        and receipt.sold_at.utcoffset() is not None
    )


def claim(work: Work, rules: Loyalty, *, card: str | None = None) -> int:
    """Let sales earn whose card was nobody's when they came; how many did."""
    known = members.c.card == receipts.c.card
    question = (
        select(receipts)
        .join_from(receipts, members, known)
        .where(receipts.c.member.is_(None), receipts.c.refund_of.is_(None))
        .order_by(receipts.c.card, receipts.c.sold_at, receipts.c.number)
        .limit(MOST_CLAIMED)
        .with_for_update(of=receipts)
    )
    if card is not None:
        question = question.where(receipts.c.card == card)
    return sum(_earned(work, row, rules) for row in work.connection.execute(question).all())


def _recorded(work: Work, source: str, receipt: Receipt, rules: Loyalty) -> bool:
    card = None if receipt.card is None else sound(receipt.card) or receipt.card
    if card is None and receipt.refund_of is None:
        return False  # it names nobody, and nothing will ever be known of it
    goods = [Goods(line.sku, line.total) for line in receipt.lines]
    sale = receipt.refund_of is None
    row = {
        "source": source,
        "number": receipt.number,
        "card": card,
        "refund_of": receipt.refund_of,
        "sold_at": receipt.sold_at,
        "total": str(receipt.total.amount),
        "points": earned(rules, goods, None, at=receipt.sold_at) if sale else 0,
    }
    new = inserting(work.connection, receipts).values(row).on_conflict_do_nothing()
    if work.connection.execute(new.returning(receipts.c.number)).first() is None:
        return False
    of = _lock(work.connection, source, receipt.refund_of or receipt.number)
    if sale:
        _earned(work, of, rules)
    elif of is not None and of.member is not None:
        _refunded(work, of)
    return True


def _lock(connection: Connection, source: str, number: str) -> Any | None:
    """A receipt that nobody else lets earn, or takes back from, until the transaction ends."""
    named = (receipts.c.source == source) & (receipts.c.number == number)
    return connection.execute(select(receipts).where(named).with_for_update()).one_or_none()


def _earned(work: Work, sale: Any, rules: Loyalty) -> bool:
    """Points for a sale, if its card is somebody's; less what was refunded by now."""
    member = repository.find_member(work.connection, card=sale.card) if sale.card else None
    if member is None:
        return False
    available_at: datetime = sale.sold_at + rules.pending_for
    good = rules.expires_after
    points = Earned(
        points=sale.points,
        at=sale.sold_at,
        available_at=available_at,
        expires_at=None if good is None else available_at + good,
        receipt=sale.number,
    )
    ledger.earn(work, member.customer, _key(sale), points)
    named = (receipts.c.source == sale.source) & (receipts.c.number == sale.number)
    work.connection.execute(update(receipts).where(named).values(member=member.customer))
    _refunded(work, sale)
    return True


def _refunded(work: Work, sale: Any) -> None:
    """Take back what all refunds of a sale together come to, and was not yet."""
    question = select(receipts.c.total).where(
        receipts.c.source == sale.source, receipts.c.refund_of == sale.number
    )
    back = sum((Decimal(total) for total in work.connection.scalars(question)), Decimal(0))
    made = repository.find_key(work.connection, _key(sale))
    if made is None or not back:
        return
    target = part_of(sale.points, back, Decimal(sale.total))
    left = target - sums.undone(work.connection, made.id)
    if left > 0:
        key = f"{_key(sale)}:back:{target}"
        undoing.reverse(work, made.id, CustomerId(made.member), key, left)


def _key(sale: Any) -> str:
    return f"receipt:{sale.source}:{sale.number}"
