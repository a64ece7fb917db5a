"""What may an answer cost, how old may it be, and how is it served?"""

from datetime import timedelta
from re import fullmatch
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from app.settings.words import Network, Positive, Section


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


class GroupWindows(Windows):
    """Who is in a group stays in it for months; who leaves it must not buy as one for long."""

    fresh_for: timedelta = timedelta(minutes=1)
    revalidate_for: timedelta = timedelta()
    if_error_for: timedelta = timedelta(hours=1)


class Freshness(Section):
    """The windows of every kind of data."""

    catalogue: CatalogueWindows = CatalogueWindows()
    prices: PriceWindows = PriceWindows()
    stock: StockWindows = StockWindows()
    groups: GroupWindows = GroupWindows()
    locations_every: Positive = timedelta(minutes=5)


Statuses = Literal["draft-2026", "draft-2023"]


class Requests(Section):
    """What one request may cost. `budget` is the whole answer, upstreams included.

    `read_within` is what its head may take, and then its body; `write_within` is how long its
    client may take next to nothing of the answer.
    `introspection` tells callers of the schema; left unsaid, it is as open as GraphiQL.
    `document_cache` are bytes for documents that need not be parsed again.
    """

    budget: Positive = timedelta(seconds=2.5)
    reserve: timedelta = timedelta(milliseconds=100)
    read_within: Positive = timedelta(seconds=10)
    write_within: Positive = timedelta(seconds=30)
    max_body: int = Field(default=100_000, ge=1_000)
    max_answer: int = Field(default=2_000_000, ge=1_000)
    max_document: int = Field(default=30_000, ge=1_000)
    max_lines: int = Field(default=3_000, ge=100)
    max_values: int = Field(default=5_000, ge=100)
    max_tokens: int = Field(default=2_000, ge=100)
    max_depth: int = Field(default=10, ge=1)
    max_aliases: int = Field(default=20, ge=0)
    max_directives: int = Field(default=50, ge=0)
    max_deferrals: int = Field(default=20, ge=0)
    max_root_fields: int = Field(default=10, ge=1)
    max_mutations: int = Field(default=4, ge=1)
    max_operations: int = Field(default=10, ge=1)
    max_selections: int = Field(default=5_000, ge=1)
    max_cost: int = Field(default=50_000, ge=0)
    document_cache: int = Field(default=50_000_000, ge=0)
    introspection: bool | None = None
    statuses: Statuses = "draft-2026"


def _an_origin(origin: str) -> str:
    if origin != "*" and not fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
        raise ValueError(f"{origin!r} is not an origin such as 'https://shop.example.com', or '*'")
    return origin


class Cors(Section):
    """Which other sites' pages may read our answers; none unless named, `*` is all of them."""

    origins: tuple[Annotated[str, AfterValidator(_an_origin)], ...] = ()
    credentials: bool = False
    max_age: Positive = timedelta(minutes=10)

    @model_validator(mode="after")
    def _no_credentials_for_all(self) -> Self:
        if self.credentials and "*" in self.origins:
            raise ValueError("credentials need origins that are named, not '*'")
        return self


class Execution(Section):
    """How operations are executed.

    `compiled`: by the engine, which compiles an operation when it comes for the second time (or at
    first sight) and keeps at most `cache` bytes of plans. Otherwise the library's executor does it.
    `ahead`: as soon as a question that was asked before has to wait for a system, all that it read
    from then on the last time is asked for, too. `together`: what guests ask at the same time, was
    asked before and need not wait is answered step by step, each with all of them.
    """

    compiled: bool = True
    at_first_sight: bool = False
    ahead: bool = True
    together: bool = True
    cache: int = Field(default=32 * 1024 * 1024, ge=0)

    @property
    def options(self) -> dict[str, Any]:
        """What the engine is built with."""
        return {"most_bytes": self.cache, "at_first_sight": self.at_first_sight}


class Log(Section):
    """What the process says of itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Server(Section):
    """`graceful` bounds the shutdown: what is still open after that is cut.

    `metrics` opens `/metrics` to whoever reaches the port. `trusted_proxies` are believed when they
    say in `forwarded_header` on whose behalf they ask; nobody else is.
    """

    graceful: Positive = timedelta(seconds=10)
    graphiql: bool = False
    metrics: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
