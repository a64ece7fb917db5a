"""What does the whole file say?"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
    ValidationError,
    model_validator,
)

from app.errors import MisconfiguredError
from app.settings.accessing import Access
from app.settings.appointing import Appointments
from app.settings.caching import Cache
from app.settings.explaining import explain, unknown
from app.settings.following import Events
from app.settings.grouping import CustomerGroup, misnamed
from app.settings.guarding import Budget, Documents, Redis
from app.settings.hooking import Hearing, Webhook
from app.settings.marketing import Market, mistakes
from app.settings.ordering import Orders
from app.settings.partnering import Partner, named_by
from app.settings.pricing import Pricing
from app.settings.projecting import Projection
from app.settings.promising import Promises
from app.settings.retail import Bindings, Channel, Connection, Location
from app.settings.rewarding import Loyalty
from app.settings.selling import Carts
from app.settings.serving import Cors, Execution, Freshness, Log, Requests, Server
from app.settings.storing import Store
from app.settings.streaming import Streams
from app.settings.words import Code, Name, Section


class Settings(Section):
    """The whole file."""

    connections: Mapping[Name, Connection]
    bind: Bindings
    channels: Mapping[Code, Channel] = Field(min_length=1)
    default_channel: Code | None = None
    locations: Mapping[Code, Location] = Field(default_factory=dict)
    promises: Promises = Promises()
    pricing: Pricing = Pricing()
    groups: Mapping[Name, CustomerGroup] = Field(default_factory=dict)
    freshness: Freshness = Freshness()
    requests: Requests = Requests()
    streams: Streams = Streams()
    execution: Execution = Execution()
    documents: Documents = Documents()
    budget: Budget | None = None
    cache: Cache = Cache()
    redis: Redis | None = None
    store: Store = Store()
    projection: Mapping[Name, Projection] = Field(default_factory=dict)
    carts: Carts = Carts()
    orders: Orders = Orders()
    events: Events = Events()
    partners: Mapping[Name, Partner] = Field(default_factory=dict)
    webhooks: Mapping[Name, Webhook] = Field(default_factory=dict)
    hearing: Mapping[Name, Hearing] = Field(default_factory=dict)
    markets: Mapping[Name, Market] = Field(default_factory=dict)
    loyalty: Loyalty = Loyalty()
    appointments: Appointments = Appointments()
    access: Access = Access()
    cors: Cors = Cors()
    server: Server = Server()
    log: Log = Log()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        problems = [
            f"{where} names {unknown(name, self.connections, what='connection')}"
            for where, name in self.bind.named()
            if name not in self.connections
        ]
        problems += [
            f"{where} names {unknown(name, self.connections, what='connection')}"
            for where, name in self.loyalty.named()
            if name not in self.connections
        ]
        if self.default_channel is not None and self.default_channel not in self.channels:
            asked = unknown(self.default_channel, self.channels, what="channel")
            problems.append(f"default_channel names {asked}")
        problems += [
            f"projection names {unknown(name, self.bind.stock, what='connection of stock')}"
            for name in self.projection
            if name not in self.bind.stock
        ]
        problems += [
            f"partners.{name}.channel names {unknown(one.channel, self.channels, what='channel')}"
            for name, one in self.partners.items()
            if one.channel is not None and one.channel not in self.channels
        ]
        problems += [
            f"{where} names {unknown(name, known, what=what)}"
            for where, name, known, what in named_by(self.partners, self.pricing)
            if name not in known
        ]
        problems += [
            f"webhooks.{name}.partner names {unknown(one.partner, self.partners, what='partner')}"
            for name, one in self.webhooks.items()
            if one.partner is not None and one.partner not in self.partners
        ]
        problems += [
            f"hearing names {unknown(name, self.connections, what='connection')}"
            for name in self.hearing
            if name not in self.connections
        ]
        problems += self._problems_of_markets()
        problems += [
            f"{where} names {unknown(name, known, what=what)}"
            for where, name, known, what in self.pricing.named(
                {code: one.currency for code, one in self.channels.items()},
                self.connections,
                self.groups,
            )
            if name not in known
        ]
        recognising = self.bind.customers
        problems += [
            f"{where} names {unknown(name, recognising, what='connection of bind.customers')}"
            for where, name in misnamed(self.groups, recognising)
        ]
        if problems:
            raise MisconfiguredError(*problems)
        return self

    def _problems_of_markets(self) -> list[str]:
        named = [
            named
            for name, one in self.markets.items()
            for named in (
                ("markets", name, self.connections, "connection"),
                (f"markets.{name}.channel", one.channel, self.channels, "channel"),
                (f"markets.{name}.price_list", one.price_list, self.pricing.lists, "price list"),
            )
        ]
        problems = [
            f"{where} names {unknown(name, known, what=what)}"
            for where, name, known, what in named
            if name is not None and name not in known
        ]
        wrong = mistakes(self.markets, self.bind, self.channels, self.pricing.lists)
        return [*problems, *wrong]

    @property
    def introspection(self) -> bool:
        """Whether callers are told of the schema."""
        said = self.requests.introspection
        return self.server.graphiql if said is None else said

    @property
    def first_channel(self) -> str:
        """The channel of a caller that names none."""
        return self.default_channel or next(iter(self.channels))


def load(path: Path) -> Settings:
    """The settings in `path`.

    Raises:
        MisconfiguredError: the file cannot be read or says something impossible.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise MisconfiguredError(f"{path}: cannot be read: {reason}") from error
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MisconfiguredError(f"{path}: is not TOML: {error}") from error
    except MisconfiguredError as error:
        raise MisconfiguredError(*(f"{path}: {line}" for line in error.problems)) from error


def parse(document: Mapping[str, Any]) -> Settings:
    """The settings a decoded file holds.

    Raises:
        MisconfiguredError: every mistake found, one line each.
    """
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise MisconfiguredError(*explain(error, Settings)) from error
