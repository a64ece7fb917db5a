"""What are things sold for, to whom, and what is taken off? Rules with their dates."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, model_validator

from app.settings.words import Code, Name, Section
from app.values import CurrencyCode, minor_unit

Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=7, decimal_places=4)]
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, decimal_places=4)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Amounts = Mapping[Currency, Amount]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
CODE = r"^[A-Z0-9_-]{3,40}$"


def normal(code: object) -> object:
    """The code of a coupon as it is compared: capitals, without what stands around it."""
    return code.strip().upper() if isinstance(code, str) else code


CouponCode = Annotated[str, BeforeValidator(normal), StringConstraints(pattern=CODE)]
Count = Annotated[int, Field(ge=1, le=9_999)]
Limit = Annotated[int, Field(ge=1, le=1_000_000_000)]
Priority = Annotated[int, Field(ge=-1_000, le=1_000)]


class Rule(Section):
    """When, where and for whom something holds: from `starts` until just before `ends`.

    Without `channels` it holds in all of them; without `groups` and `tiers` for everybody. Of two
    rules the one with the higher `priority` comes first, then the one whose id does.
    """

    starts: AwareDatetime | None = None
    ends: AwareDatetime | None = None
    channels: tuple[Code, ...] = ()
    groups: tuple[Word, ...] = ()
    tiers: tuple[Word, ...] = ()
    priority: Priority = 0

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.starts is not None and self.ends is not None and self.ends <= self.starts:
            raise ValueError("ends is after starts")
        return self


class PriceList(Rule):
    """Prices by SKU, in one currency.

    It is asked where nobody else has a price; and before the connections that it is `over`.
    """

    currency: Currency
    tax_included: bool = True
    over: tuple[Name, ...] = ()
    prices: Mapping[Word, Amount] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_paid(self) -> Self:
        unit = minor_unit(CurrencyCode(self.currency))
        odd = [sku for sku, price in self.prices.items() if price % unit]
        if odd:
            wrong = f"the price of {odd[0]!r} is no whole number of {unit} {self.currency}"
            raise ValueError(wrong)
        return self


class Promotion(Rule):
    """What is taken off: `percent` of every unit, or an `amount` of all together or of `each`.

    It counts lines whose SKU is one of the patterns `skus` and none of `but`, and that are in one
    of `categories` (ids or handles); what is not said is no condition. Together they have to be
    worth `spend` and be `units`, after what earlier promotions took. Amounts of money only count
    lines whose prices have taxes as `tax_included` says, as no rates are known.

    With `buy` and `get`, of so many units together the cheapest `get` are `percent` off.

    An `exclusive` promotion takes nothing off a line that another took something off, and no other
    does after it. Of one `group_of` promotions a line has one. A `coupon` is asked for by its code;
    it is redeemed `limit` times in all, and `limit_each` times by one customer.
    """

    label: str | None = Field(default=None, min_length=1, max_length=200)
    skus: tuple[Word, ...] = ()
    but: tuple[Word, ...] = ()
    categories: tuple[Word, ...] = ()
    percent: Percent | None = None
    amount: Amounts | None = Field(default=None, min_length=1)
    each: bool = False
    buy: Count | None = None
    get: Count | None = None
    spend: Amounts | None = Field(default=None, min_length=1)
    units: Count | None = None
    tax_included: bool = True
    exclusive: bool = False
    group_of: Word | None = None
    coupon: CouponCode | None = None
    limit: Limit | None = None
    limit_each: Limit | None = None

    @model_validator(mode="after")
    def _takes_something_off(self) -> Self:
        for wrong in self._wrong():
            raise ValueError(wrong)
        return self

    def _wrong(self) -> Iterator[str]:
        if (self.percent is None) == (self.amount is None):
            yield "says percent or amount"
        if self.each and self.amount is None:
            yield "each is of an amount"
        if (self.buy is None) != (self.get is None):
            yield "buy and get belong together"
        if self.buy is not None and self.percent is None:
            yield "buy and get are with percent; 100 is for nothing"
        if (self.limit or self.limit_each) and self.coupon is None:
            yield "limits are of a coupon"
        for currency, amount in (self.amount or {}).items():
            unit = minor_unit(CurrencyCode(currency))
            if not amount or amount % unit:
                yield f"amount is a whole number of {unit} {currency}, and more than none"


class Exemption(Section):
    """Prices that connections may tell otherwise through these channels than through others."""

    channels: tuple[Code, ...] = Field(min_length=1)
    skus: tuple[Word, ...] = ("*",)
    because: str = Field(min_length=1, max_length=200)


class Pricing(Section):
    """Price lists and promotions by their ids; `file` is a TOML file with more of both.

    `exemptions` change nothing: they are named where channels are compared.
    """

    lists: Mapping[Name, PriceList] = Field(default_factory=dict)
    promotions: Mapping[Name, Promotion] = Field(default_factory=dict)
    exemptions: Mapping[Name, Exemption] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_file(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("file") is None:
            return given
        told = _read(Path(str(given["file"])))
        rest = {key: value for key, value in given.items() if key != "file"}
        for key in ("lists", "promotions", "exemptions"):
            if not isinstance(told.get(key, {}), Mapping):
                raise ValueError(f"{key} in the file is a table")  # noqa: TRY004  as pydantic asks
            if twice := sorted(told.get(key, {}).keys() & rest.get(key, {}).keys()):
                raise ValueError(f"{key} has {twice[0]!r} in the file, too")
            rest[key] = {**rest.get(key, {}), **told.pop(key, {})}
        return {**told, **rest}

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [*self.lists, *self.promotions, *self.exemptions]
        if twice := sorted(name for name in set(names) if names.count(name) > 1):
            raise ValueError(f"{twice[0]!r} is two rules: ids tell them apart")
        known: dict[str, str] = {}
        for name, one in self.promotions.items():
            if one.coupon is not None and known.setdefault(one.coupon, name) != name:
                raise ValueError(f"{name} and {known[one.coupon]} have the same coupon")
        return self

    def named(
        self,
        currencies: Mapping[str, str],
        connections: Collection[str],
        groups: Collection[str],
    ) -> Iterator[tuple[str, str, Collection[str], str]]:
        """Every channel, currency, connection and group that a rule names.

        With where it is named, those there are, and what it is.

        `currencies` are those of the channels.
        """
        paid = sorted(set(currencies.values()))
        for where, rule in self._placed():
            yield from ((f"{where}.channels", one, currencies, "channel") for one in rule.channels)
        for where, of_somebody in self._placed_rules():
            yield from ((f"{where}.groups", one, groups, "group") for one in of_somebody.groups)
        for name, one in self.lists.items():
            where = f"pricing.lists.{name}"
            yield f"{where}.currency", one.currency, paid, "currency of a channel"
            yield from ((f"{where}.over", each, connections, "connection") for each in one.over)
        for name, each in self.promotions.items():
            where = f"pricing.promotions.{name}"
            for key, amounts in (("amount", each.amount), ("spend", each.spend)):
                for currency in amounts or ():
                    yield f"{where}.{key}", currency, paid, "currency of a channel"

    def _placed_rules(self) -> Iterator[tuple[str, Rule]]:
        yield from ((f"pricing.lists.{name}", one) for name, one in self.lists.items())
        yield from ((f"pricing.promotions.{name}", one) for name, one in self.promotions.items())

    def _placed(self) -> Iterator[tuple[str, Rule | Exemption]]:
        yield from self._placed_rules()
        yield from ((f"pricing.exemptions.{name}", one) for name, one in self.exemptions.items())

    @property
    def rules(self) -> Iterator[tuple[str, Rule]]:
        """All of them, by id."""
        yield from self.lists.items()
        yield from self.promotions.items()


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(f"file {str(path)!r} cannot be read: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"file {str(path)!r} is not TOML: {error}") from error
