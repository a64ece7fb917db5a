"""How often may a coupon be redeemed, and how often was it? Counted in the act of the order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, delete, select, update

from app.errors import Refusal
from app.ports import compared_email
from app.pricing.tables import EVERYBODY, discount_redemptions, discount_uses
from app.settings import Promotion
from app.store import Fact, Work
from app.store.statements import inserting
from app.values import CustomerId


class CouponUsedUp(Refusal):
    """Somebody else was faster, or this customer has had theirs: which of these is not told."""

    code = "DISCOUNT_CODE_REFUSED"

    def __init__(self, coupon: str) -> None:
        super().__init__("The code is not good any more: take it out of the cart.")
        self.coupon = coupon


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A coupon of a promotion that an order redeems, for `who`; limits None: any number."""

    promotion: str
    coupon: str
    who: str
    limit: int | None
    limit_each: int | None

    @property
    def counts(self) -> tuple[tuple[str, int | None], ...]:
        """Which counts go up, and how far they may."""
        return (EVERYBODY, self.limit), (self.who, self.limit_each)


def who(customer: CustomerId | None, email: str | None) -> str | None:
    """By what redemptions of one customer are counted; None while nobody is known.

    Who is not known to us is who has the e-mail address, of which there is only a digest.
    """
    if customer is not None:
        return f"customer:{customer}"
    if email is None:
        return None
    known = compared_email(email) or email.strip().casefold()
    return f"email:{sha256(known.encode()).hexdigest()}"


def redeem(work: Work, order: str, redemptions: Iterable[Redemption]) -> None:
    """Count what an order redeems.

    Raises:
        CouponUsedUp: a limit is reached; nothing of the act may stay.
    """
    for one in sorted(redemptions, key=lambda each: each.promotion):
        for whose, limit in one.counts:
            if not _counted(work.connection, one.promotion, whose, limit):
                raise CouponUsedUp(one.coupon)
        row = {"order": order, "promotion": one.promotion, "who": one.who}
        work.connection.execute(discount_redemptions.insert(), [row])
        work.tell(Fact(kind="CouponRedeemed", entity=order, body={"rule": one.promotion}))


def give_back(work: Work, order: str) -> None:
    """Let others redeem what an order had; asked again it does nothing."""
    of_order = discount_redemptions.c.order == order
    gone = delete(discount_redemptions).where(of_order)
    rows = work.connection.execute(
        gone.returning(discount_redemptions.c.promotion, discount_redemptions.c.who)
    ).all()
    for promotion, whose in sorted((row.promotion, row.who) for row in rows):
        for one in (EVERYBODY, whose):
            less = update(discount_uses).where(_row(promotion, one))
            work.connection.execute(less.values(used=discount_uses.c.used - 1))
        work.tell(Fact(kind="CouponGivenBack", entity=order, body={"rule": promotion}))


def used_up(
    connection: Connection, promotions: Mapping[str, Promotion], whose: str | None
) -> frozenset[str]:
    """Those that cannot be redeemed once more, as of now, by somebody; None: by nobody known."""
    limited = [name for name, one in promotions.items() if one.limit or one.limit_each]
    if not limited:
        return frozenset()
    asked: Collection[str] = [EVERYBODY] if whose is None else [EVERYBODY, whose]
    columns = discount_uses.c
    question = select(discount_uses).where(
        columns.promotion.in_(sorted(limited)), columns.who.in_(asked)
    )
    found = set()
    for row in connection.execute(question):
        rule = promotions[row.promotion]
        most = rule.limit if row.who == EVERYBODY else rule.limit_each
        if most is not None and row.used >= most:
            found.add(row.promotion)
    return frozenset(found)


def _counted(connection: Connection, promotion: str, whose: str, limit: int | None) -> bool:
    """Count one up; False where it stands at its limit."""
    row = {"promotion": promotion, "who": whose, "used": 0}
    connection.execute(inserting(connection, discount_uses).values(row).on_conflict_do_nothing())
    more = update(discount_uses).where(_row(promotion, whose))
    if limit is not None:
        more = more.where(discount_uses.c.used < limit)
    return bool(connection.execute(more.values(used=discount_uses.c.used + 1)).rowcount)


def _row(promotion: str, whose: str) -> ColumnElement[bool]:
    return (discount_uses.c.promotion == promotion) & (discount_uses.c.who == whose)
