"""Which systems answer for what, and how does the retailer sell?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opening_hours import validate as valid_opening_hours
from pydantic import (
    AfterValidator,
    Field,
)

from app import values
from app.settings.words import Code, Name, Positive, Section
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    Locale,
    LocationKind,
    LocationService,
)


class Connection(Section):
    """One configured instance of a connector.

    `settings` are the connector's own (its README lists them). `locations` maps our location codes
    to the upstream's names where they differ. `timeout` bounds one question to it, all pages.
    """

    connector: Name
    settings: Mapping[str, Any] = Field(default_factory=dict)
    locations: Mapping[Code, str] = Field(default_factory=dict)
    timeout: Positive = timedelta(seconds=2)
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    calls_per_second: float | None = Field(default=None, gt=0)


class Bindings(Section):
    """Which connection answers for what.

    `locations` lists connections in order of precedence. `stock` maps a connection to patterns of
    the location codes whose stock it knows (`ST-*`); the first that matches is asked. `orders` maps
    a connection to those whose orders it carries out, in the same way; `payments` is the connection
    that moves money. Without them nothing is ordered, and orders are paid elsewhere. `customers`
    are the connections whose customers are recognised, and who forget them when they are to.
    """

    catalogue: Name
    prices: Name
    locations: tuple[Name, ...] = ()
    stock: Mapping[Name, tuple[str, ...]] = Field(default_factory=dict)
    orders: Mapping[Name, tuple[str, ...]] = Field(default_factory=dict)
    payments: Name | None = None
    customers: tuple[Name, ...] = ()

    def named(self) -> Iterator[tuple[str, str]]:
        """Every binding and the connection it names."""
        yield "bind.catalogue", self.catalogue
        yield "bind.prices", self.prices
        yield from (("bind.locations", name) for name in self.locations)
        yield from ((f"bind.stock.{name}", name) for name in self.stock)
        yield from ((f"bind.orders.{name}", name) for name in self.orders)
        if self.payments is not None:
            yield "bind.payments", self.payments
        yield from (("bind.customers", name) for name in self.customers)

    def stock_source(self, code: str) -> str | None:
        """The connection that knows the stock of a location."""
        return _first(self.stock, code)

    def order_sink(self, code: str) -> str | None:
        """The connection that carries out what is ordered from a location."""
        return _first(self.orders, code)


def _first(bound: Mapping[str, tuple[str, ...]], code: str) -> str | None:
    for connection, patterns in bound.items():
        if any(fnmatchcase(code, pattern) for pattern in patterns):
            return connection
    return None


class Channel(Section):
    """A door through which sales are made.

    `sells_from` are patterns of the locations whose stock it may sell; `global_buffer` units of
    every SKU are never sold through it; `ships_to` are the countries it delivers to (none named:
    everywhere).
    """

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    country: str = Field(pattern=r"^[A-Z]{2}$")
    locale: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    sells_from: tuple[str, ...] = ("*",)
    global_buffer: int = Field(default=0, ge=0)
    ships_to: tuple[str, ...] = ()

    def named(self, code: str) -> values.Channel:
        """What a sale through it is in."""
        return values.Channel(
            code=ChannelCode(code),
            currency=CurrencyCode(self.currency),
            country=CountryCode(self.country),
            locale=Locale(self.locale),
        )


def known_zone(name: str) -> str:
    """A validator: the name, if it is that of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as 'Europe/Rome'") from error
    return name


def known_hours(expression: str) -> str:
    """A validator: the expression, if it can be read."""
    if not valid_opening_hours(expression):
        raise ValueError(
            f"{expression!r} is not an OpenStreetMap opening_hours expression"
            " such as 'Mo-Sa 09:00-19:00; PH off'"
        )
    return expression


class Location(Section):
    """What the retailer itself says of a location; it takes precedence over what systems say."""

    name: str | None = None
    kind: LocationKind | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    opening_hours: Annotated[str, AfterValidator(known_hours)] | None = None
    services: tuple[LocationService, ...] | None = None
    phone: str | None = None
