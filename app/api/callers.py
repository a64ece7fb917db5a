"""Who asks, as far as a transport can tell?"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from opentelemetry.propagate import get_global_textmap
from starlette.types import Scope

from app.api.addresses import household_of
from app.api.headers import RequestHeaders
from app.principals.model import GUEST, Principal
from app.values import Locale

if TYPE_CHECKING:
    from app.api.manners import Manner

TRACE_HEADERS = tuple(name.lower().encode() for name in get_global_textmap().fields)
Identify = Callable[[str], Awaitable[Principal]]
"""Who is behind an Authorization; raises `CredentialRefused` and `KeysUnavailable`."""
NOWHERE = "no address"  # who asks through a socket file has none


class Caller(Struct, frozen=True, kw_only=True):
    """The one behind a request.

    `accepted` are the languages it reads, most wanted first. `client` is the name its program goes
    by, which proves nothing; `authorization` is its proof, and `known` who it proved to be.
    `introduction` is what it said of itself when it opened a socket, and
    `last_event` the last one it has of a stream that was cut. `trace` are headers that may tell of
    a trace to go on with. `address` must not be told.
    """

    accepted: tuple[Locale, ...] = ()
    client: str | None = None
    introduction: Mapping[str, Any] = field(default_factory=dict)
    last_event: str | None = None
    trace: Mapping[str, str] | None = None
    address: str | None = None
    authorization: str | None = None
    known: Principal = GUEST

    def __repr__(self) -> str:
        return f"Caller(client={self.client!r}, known={self.known!r})"

    @property
    def principal(self) -> str:
        """Who pays for its operations.

        Whoever has proved who they are pays alone. All guests who ask from one address, or from the
        IPv6 network of one subscriber, pay together.
        """
        if self.known is not GUEST:
            return self.known.pseudonym
        return NOWHERE if self.address is None else household_of(self.address)


def caller_of(scope: Scope, headers: RequestHeaders, manner: "Manner") -> Caller:
    """The caller that a request, or a socket's handshake, tells of."""
    peer = scope.get("client")
    return Caller(
        accepted=manner.languages,
        client=manner.client,
        last_event=headers.get("last-event-id"),
        trace=headers.among(TRACE_HEADERS),
        authorization=headers.get("authorization"),
        address=peer and peer[0],
    )


def authorization_in(introduction: Mapping[str, Any]) -> str | None:
    """What a client says in `connection_init`, as it says it in a header elsewhere."""
    inner = introduction.get("headers")
    for told in (introduction, inner if isinstance(inner, dict) else {}):
        for name, value in told.items():
            if name.lower() == "authorization" and isinstance(value, str):
                return value
    return None
