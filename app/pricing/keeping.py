"""What do coupons keep of people, and how is it forgotten?"""

from collections.abc import Collection

from sqlalchemy import delete, update

from app.pricing.redeeming import who
from app.pricing.tables import discount_redemptions, discount_uses
from app.store import Work
from app.values import CustomerId

NOBODY = "forgotten"


def forget(work: Work, selves: Collection[CustomerId], emails: Collection[str]) -> bool:
    """Whose redemptions were is forgotten; that they were redeemed still counts."""
    theirs = {who(one, None) for one in selves} | {who(None, one) for one in emails}
    names = sorted(name for name in theirs if name is not None)
    work.connection.execute(delete(discount_uses).where(discount_uses.c.who.in_(names)))
    of_them = update(discount_redemptions).where(discount_redemptions.c.who.in_(names))
    work.connection.execute(of_them.values(who=NOBODY))
    return True
