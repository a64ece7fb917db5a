"""Who asks, as far as a transport can tell?"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct, field
from starlette.types import Scope

from app.api.addresses import household_of
from app.api.headers import RequestHeaders
from app.api.languages import accepted_languages
from app.principals.model import GUEST, Principal
from app.values import Locale

# What clients send: GraphQL Hive and WunderGraph's clients the first two, Apollo's the last.
CLIENT_HEADERS = ("graphql-client-name", "x-graphql-client-name", "apollographql-client-name")
CLIENT_VALUES = tuple(name.encode() for name in CLIENT_HEADERS)
SOUND_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
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


def caller_of(scope: Scope, headers: RequestHeaders) -> Caller:
    """The caller that a request, or a socket's handshake, tells of."""
    peer = scope.get("client")
    return Caller(
        accepted=accepted_languages(headers.get("accept-language")),
        client=_client(scope),
        last_event=headers.get("last-event-id"),
        trace=headers,
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


def _client(scope: Scope) -> str | None:
    """The first sound name that is given."""
    for name, value in scope["headers"]:
        if name in CLIENT_VALUES and SOUND_NAME.fullmatch(value):
            return str(value, "ascii")
    return None
