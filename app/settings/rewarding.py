"""How does the retailer reward? Points earned, what they are worth, and tiers: all of it data."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from app.settings.words import Code, Name, Positive, Section
from app.values import CurrencyCode, minor_unit

OWN = "own"
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Rate = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=12, decimal_places=6)]


class Earning(Section):
    """From `starts` on, until the next: points for each unit of a currency that is paid for goods.

    SKUs that match a pattern of `excluded` earn none.
    """

    starts: AwareDatetime
    per_unit: Mapping[Currency, Rate] = Field(min_length=1)
    excluded: tuple[str, ...] = ()


class Burning(Section):
    """From `starts` on, until the next: what one point is `worth`, by currency.

    Points are spent in steps of `step`, at least `least`, for at most this `share` of the goods.
    """

    starts: AwareDatetime
    worth: Mapping[Currency, Rate] = Field(min_length=1)
    least: int = Field(default=1, ge=1)
    step: int = Field(default=1, ge=1)
    share: Decimal = Field(default=Decimal(1), gt=0, le=1)

    @model_validator(mode="after")
    def _payable(self) -> Self:
        for currency, worth in self.worth.items():
            unit = minor_unit(CurrencyCode(currency))
            if worth * self.step % unit:
                raise ValueError(f"worth.{currency} of {self.step} points is no multiple of {unit}")
        if self.least % self.step:
            raise ValueError("least is no number of steps")
        return self


class Tier(Section):
    """Whoever has earned so many `points` within `tier_window` is in it."""

    code: Code
    points: int = Field(ge=1)


class Loyalty(Section):
    """`programme` is our own, or the connection that has one.

    Points that were earned can be spent after `pending_for`, and `expires_after` they can are gone;
    those given back after their time are good for `restored_for`. `receipts` are connections whose
    tills' receipts earn, and are asked `every` so often.
    """

    programme: Name = OWN
    receipts: tuple[Name, ...] = ()
    every: Positive = timedelta(seconds=5)
    pending_for: timedelta = Field(default=timedelta(days=14), ge=timedelta())
    expires_after: Positive | None = timedelta(days=730)
    restored_for: Positive = timedelta(days=30)
    tier_window: Positive = timedelta(days=365)
    earning: tuple[Earning, ...] = ()
    burning: tuple[Burning, ...] = ()
    tiers: tuple[Tier, ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> Self:
        begun = {
            "earning": [rule.starts for rule in self.earning],
            "burning": [rule.starts for rule in self.burning],
        }
        for name, starts in begun.items():
            if any(one >= after for one, after in pairwise(starts)):
                raise ValueError(f"{name}: each starts after the one before")
        if any(one.points >= after.points for one, after in pairwise(self.tiers)):
            raise ValueError("tiers: each takes more points than the one before")
        if len({tier.code for tier in self.tiers}) < len(self.tiers):
            raise ValueError("tiers: each has a code of its own")
        return self

    def named(self) -> Iterator[tuple[str, str]]:
        """Every connection that it names, and where."""
        if self.external:
            yield "loyalty.programme", self.programme
        yield from (("loyalty.receipts", name) for name in self.receipts)

    @property
    def external(self) -> bool:
        """Whether somebody else keeps the points."""
        return self.programme != OWN
