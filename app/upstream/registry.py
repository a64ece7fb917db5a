"""Which upstreams do we talk to? Settings and manifests in, open connections out."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from time import monotonic
from typing import Any, TypeVar, cast

from pydantic import BaseModel, SecretStr, ValidationError

from app import settings as config
from app.errors import MisconfiguredError
from app.ports import (
    ConnectorPackage,
    EmbeddedPackage,
    FoundConnector,
    Manifest,
    UpstreamHttp,
    WireRequest,
    WireResponse,
    Wiring,
    provided_ports,
    read_manifest,
)
from app.upstream.client import ClientPolicy, GuardedHttp
from app.upstream.health import Health
from app.values import LocationCode

EMBEDDED = "embedded"
MARKET_PORTS = ("OrderSource", "ListingSink")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection that can be asked. `port` is the object that fulfils the ports."""

    name: str
    manifest: Manifest
    configured: config.Connection
    port: object
    health: Health

    @property
    def provides(self) -> frozenset[str]:
        """Names of the ports it fulfils."""
        return provided_ports(self.port)


@dataclass(frozen=True, slots=True)
class Planned:
    """A connection whose settings are valid, not yet open."""

    name: str
    manifest: Manifest
    package: ConnectorPackage
    configured: config.Connection
    settings: BaseModel

    @property
    def url(self) -> str:
        """Where the upstream is, or `embedded`."""
        return str(self.settings.model_dump()["url"])

    def connect(self, http: UpstreamHttp, now: Callable[[], datetime]) -> object:
        """The connection object; nothing is called yet."""
        names = {LocationCode(code): name for code, name in self.configured.locations.items()}
        wiring = Wiring(name=self.name, http=http, now=now, locations=names)
        return self.package.connect(self.settings, wiring)


class _NoWire:
    async def send(self, request: WireRequest) -> WireResponse:
        raise RuntimeError(f"{request.operation} was called while only checking the settings")


Connections = Mapping[str, OpenConnection]


def plan(
    settings: config.Settings,
    found: Mapping[str, FoundConnector],
    environ: Mapping[str, str] | None = None,
) -> dict[str, Planned]:
    """Check everything that can be checked without a call.

    Raises:
        MisconfiguredError: every problem found, one line each.
    """
    planned: dict[str, Planned] = {}
    problems: list[str] = []
    for name, configured in settings.connections.items():
        try:
            planned[name] = _planned(name, configured, found, environ or os.environ)
        except MisconfiguredError as error:
            problems.extend(error.problems)
    problems.extend(_unfulfilled(settings, planned))
    if problems:
        raise MisconfiguredError(*problems)
    return planned


@asynccontextmanager
async def open_connections(
    planned: Mapping[str, Planned],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[Connections]:
    """Open a client for every connection, and the embedded upstreams where asked for."""
    async with AsyncExitStack() as stack:
        addresses = await _embedded(planned, stack)
        opened: dict[str, OpenConnection] = {}
        for name, one in planned.items():
            health = Health(connection=name, now=now, clock=clock)
            guarded = GuardedHttp(
                addresses.get(name, one.url), health=health, policy=_client_policy(one)
            )
            http = await stack.enter_async_context(guarded)
            port = one.connect(http, now)
            opened[name] = OpenConnection(name, one.manifest, one.configured, port, health)
        yield opened


def _planned(
    name: str,
    configured: config.Connection,
    found: Mapping[str, FoundConnector],
    environ: Mapping[str, str],
) -> Planned:
    at = f"connections.{name}"
    if (connector := found.get(configured.connector)) is None:
        asked = config.unknown(configured.connector, found, what="connector")
        raise MisconfiguredError(f"{at}.connector: {asked}")
    manifest = read_manifest(connector)
    package = cast("ConnectorPackage", import_module(connector.module))
    model = package.Settings
    raw = dict(_with_secrets(configured.settings, model, environ, at=f"{at}.settings"))
    try:
        settings = model.model_validate(raw)
    except ValidationError as error:
        raise MisconfiguredError(*config.explain(error, model, at=f"{at}.settings")) from error
    return Planned(name, manifest, package, configured, settings)


def _with_secrets(
    raw: Mapping[str, Any], model: type[BaseModel], environ: Mapping[str, str], *, at: str
) -> Iterator[tuple[str, Any]]:
    """The raw settings, with every secret fetched from where the file says it is."""
    for key, value in raw.items():
        field = model.model_fields.get(key)
        if field is None or "SecretStr" not in str(field.annotation):
            yield key, value
        else:
            yield key, SecretStr(config.secret(value, environ, at=f"{at}.{key}"))


def _unfulfilled(settings: config.Settings, planned: Mapping[str, Planned]) -> Iterator[str]:
    """Bindings to connections that do not have the port."""
    bound = [
        ("bind.catalogue", settings.bind.catalogue, "CatalogSource"),
        ("bind.prices", settings.bind.prices, "PriceSource"),
        *(("bind.locations", name, "LocationSource") for name in settings.bind.locations),
        *((f"bind.stock.{name}", name, "StockSource") for name in settings.bind.stock),
        *((f"bind.orders.{name}", name, "OrderSink") for name in settings.bind.orders),
        *(("bind.customers", name, "CustomerDirectory") for name in settings.bind.customers),
    ]
    bound += [(f"loyalty.receipts.{n}", n, "ReceiptSource") for n in settings.loyalty.receipts]
    if settings.loyalty.external:
        bound.append(("loyalty.programme", settings.loyalty.programme, "LoyaltyProgram"))
    if settings.bind.payments is not None:
        bound.append(("bind.payments", settings.bind.payments, "PaymentProvider"))
    either = [(f"markets.{name}", name, MARKET_PORTS) for name in settings.markets]
    for where, name, wanted in [*((at, name, (port,)) for at, name, port in bound), *either]:
        if name in planned:
            ports = provided_ports(planned[name].connect(_NoWire(), lambda: datetime.now(UTC)))
            if ports.isdisjoint(wanted):
                has = ", ".join(sorted(ports)) or "none"
                port = " or ".join(wanted)
                yield f"{where}: connection {name!r} has no {port}, it has: {has}"


async def _embedded(planned: Mapping[str, Planned], stack: AsyncExitStack) -> dict[str, str]:
    """Start the upstreams of connections whose `url` is `embedded`, one start a connector."""
    by_connector: dict[str, dict[str, Planned]] = {}
    for name, one in planned.items():
        if one.url == EMBEDDED:
            by_connector.setdefault(one.manifest.name, {})[name] = one
    addresses: dict[str, str] = {}
    for connector, ones in by_connector.items():
        package = next(iter(ones.values())).package
        if not hasattr(package, "embedded"):
            raise MisconfiguredError(f"connector {connector!r} has no embedded upstream")
        start = cast("EmbeddedPackage", package).embedded
        settings = {name: one.settings for name, one in ones.items()}
        addresses.update(await stack.enter_async_context(start(settings)))
    return addresses


def _client_policy(one: Planned) -> ClientPolicy:
    limits, configured = one.manifest.limits, one.configured
    return ClientPolicy(
        timeout=configured.timeout,
        concurrency=configured.concurrency or limits.concurrency,
        calls_per_second=configured.calls_per_second or limits.calls_per_second,
    )


def port_of(connections: Connections, name: str, port: type[P]) -> P:
    """The connection `name` as the port it is bound to.

    Raises:
        MisconfiguredError: it does not fulfil the port.
    """
    fulfilled = connections[name].port
    if not isinstance(fulfilled, port):
        raise MisconfiguredError(f"connection {name!r} has no {port.__name__}")
    return fulfilled
