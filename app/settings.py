"""What may a deployment decide? One file, read once, passed on as narrow values."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opening_hours import validate as valid_opening_hours
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from app.errors import MisconfiguredError
from app.values import LocationKind, LocationService

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Positive = Annotated[timedelta, Field(gt=timedelta())]


class Section(BaseModel):
    """A table of the file: immutable, and a key it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    the location codes whose stock it knows (`ST-*`); the first that matches is asked.
    """

    catalogue: Name
    prices: Name
    locations: tuple[Name, ...] = ()
    stock: Mapping[Name, tuple[str, ...]] = Field(default_factory=dict)

    def named(self) -> Iterator[tuple[str, str]]:
        """Every binding and the connection it names."""
        yield "bind.catalogue", self.catalogue
        yield "bind.prices", self.prices
        yield from (("bind.locations", name) for name in self.locations)
        yield from ((f"bind.stock.{name}", name) for name in self.stock)

    def stock_source(self, code: str) -> str | None:
        """The connection that knows the stock of a location."""
        for connection, patterns in self.stock.items():
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


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as 'Europe/Rome'") from error
    return name


def _known_hours(expression: str) -> str:
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
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    opening_hours: Annotated[str, AfterValidator(_known_hours)] | None = None
    services: tuple[LocationService, ...] | None = None
    phone: str | None = None


class Windows(Section):
    """How long values of one kind may be served; see `docs/operations.md`."""

    fresh_for: timedelta
    revalidate_for: timedelta
    if_error_for: timedelta
    stale_after: timedelta = timedelta(days=365)


class CatalogueWindows(Windows):
    """Products change a few times a day."""

    fresh_for: timedelta = timedelta(minutes=1)
    revalidate_for: timedelta = timedelta(minutes=10)
    if_error_for: timedelta = timedelta(hours=24)


class PriceWindows(Windows):
    """A price that was just changed must be seen soon."""

    fresh_for: timedelta = timedelta(minutes=1)
    revalidate_for: timedelta = timedelta(minutes=1)
    if_error_for: timedelta = timedelta(hours=1)


class StockWindows(Windows):
    """Stock is asked for nearly every time, and worth little when it is old."""

    fresh_for: timedelta = timedelta(seconds=2)
    revalidate_for: timedelta = timedelta()
    if_error_for: timedelta = timedelta(seconds=60)
    stale_after: timedelta = timedelta(hours=24)


class Freshness(Section):
    """The windows of every kind of data."""

    catalogue: CatalogueWindows = CatalogueWindows()
    prices: PriceWindows = PriceWindows()
    stock: StockWindows = StockWindows()
    locations_every: Positive = timedelta(minutes=5)


class Requests(Section):
    """What one request may cost. `budget` is the whole answer, upstreams included."""

    budget: Positive = timedelta(seconds=2.5)
    reserve: timedelta = timedelta(milliseconds=100)
    max_body: int = Field(default=100_000, ge=1_000)
    max_tokens: int = Field(default=2_000, ge=100)


class Log(Section):
    """What the process says of itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Server(Section):
    """`graceful` bounds the shutdown: what is still open after that is cut."""

    graceful: Positive = timedelta(seconds=10)
    graphiql: bool = False


class Settings(Section):
    """The whole file."""

    connections: Mapping[Name, Connection]
    bind: Bindings
    channels: Mapping[Code, Channel] = Field(min_length=1)
    default_channel: Code | None = None
    locations: Mapping[Code, Location] = Field(default_factory=dict)
    freshness: Freshness = Freshness()
    requests: Requests = Requests()
    server: Server = Server()
    log: Log = Log()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        problems = [
            f"{where} names {unknown(name, self.connections, what='connection')}"
            for where, name in self.bind.named()
            if name not in self.connections
        ]
        if self.default_channel is not None and self.default_channel not in self.channels:
            asked = unknown(self.default_channel, self.channels, what="channel")
            problems.append(f"default_channel names {asked}")
        if problems:
            raise MisconfiguredError(*problems)
        return self

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


def explain(error: ValidationError, model: type[BaseModel], *, at: str = "") -> Iterator[str]:
    """One line a mistake; a value is never repeated, since it may be a secret."""
    for mistake in error.errors(include_url=False, include_input=False):
        *above, key = mistake["loc"] or ("",)
        where = ".".join([*([at] if at else []), *(str(step) for step in mistake["loc"])])
        if mistake["type"] == "extra_forbidden":
            owner = _model_at(model, above)
            known = owner.model_fields if owner is not None else ()
            yield f"{where}: {unknown(str(key), known, what='key')}"
        else:
            yield f"{where}: {mistake['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def unknown(name: str, known: Iterable[str], *, what: str) -> str:
    """A sentence part about a name nobody knows, with the nearest one somebody does."""
    names = list(known)
    nearest = get_close_matches(name, names, n=1, cutoff=0.5)
    if nearest:
        return f"unknown {what} {name!r}, did you mean {nearest[0]!r}?"
    return f"unknown {what} {name!r}, known: {', '.join(sorted(names)) or 'none'}"


def _model_at(model: type[BaseModel], path: list[int | str]) -> type[BaseModel] | None:
    found: Any = model
    for step in path:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(step))
            found = None if field is None else field.annotation
        else:
            found = get_args(found)[-1] if get_args(found) else None
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None
