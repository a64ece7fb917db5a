"""Connectors: what a folder under `connectors/` must hold, and its card, the manifest."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from app.ports.wire import Wiring


class ConnectorKind(StrEnum):
    """What the vendor's system is to a retailer."""

    ECOMMERCE = "ecommerce"
    POS = "pos"
    WAREHOUSE = "warehouse"
    ERP = "erp"
    OMS = "oms"
    MARKETPLACE = "marketplace"
    LOYALTY = "loyalty"
    PIM = "pim"
    SUPPLIER = "supplier"
    RETAILER = "retailer"


class Freshness(BaseModel):
    """How data arrives, as a declared fact. `usual_age` is how old it normally is on arrival."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    by: Literal["pull", "push"]
    usual_age: timedelta


class Limits(BaseModel):
    """What one upstream bears. `ids_per_call` is the vendor's documented page size.

    `ids_per_call_of` has it for ports of which another is documented.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    ids_per_call: int = Field(ge=1)
    ids_per_call_of: Mapping[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    calls_per_second: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=16, ge=1)

    def ids_of(self, port: str) -> int:
        """How many ids one call of a port takes."""
        return self.ids_per_call_of.get(port, self.ids_per_call)


class Quality(BaseModel):
    """The tier claimed on the quality scale (`connectors/QUALITY.md`).

    `reviewed` maps a rule a machine cannot check to when, by whom and what was seen; `exempt` maps
    a rule to the reason why it cannot apply.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    tier: Literal["bronze", "silver", "gold"]
    reviewed: Mapping[str, str] = Field(default_factory=dict)
    exempt: Mapping[str, str] = Field(default_factory=dict)


class Manifest(BaseModel):
    """`manifest.toml`: read, never executed. Port names are those of `app.ports`.

    `demo` names a settings file in the connector's folder for an embedded retailer; `commands`
    names an attribute of the package, `module:attribute`, with a click group for the command line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    kind: ConnectorKind
    owners: tuple[str, ...] = Field(min_length=1)
    upstream_api: str
    provides: Mapping[str, Literal["stable", "beta"]]
    freshness: Mapping[str, Freshness]
    limits: Limits
    quality: Quality
    demo: str | None = None
    commands: str | None = None


class ConnectorPackage(Protocol):
    """What `import connectors.<vendor>` gives.

    `Settings` is a pydantic model that forbids unknown keys, has a field `url: str` (base address
    of the upstream) and holds secrets as `SecretStr`. A package whose upstream can be started
    beside the gateway also has `embedded(settings)`, an async context manager that takes the
    settings of every connection whose `url` is `"embedded"` and yields their real addresses, both
    by connection name.
    """

    Settings: type[BaseModel]

    def connect(self, settings: Any, wiring: Wiring) -> object:
        """A connection: an object that fulfils the ports the manifest declares."""
        ...


class EmbeddedPackage(ConnectorPackage, Protocol):
    """A connector that brings its own upstream."""

    def embedded(
        self, settings: Mapping[str, Any]
    ) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Start upstreams on loopback; stop them on exit."""
        ...
