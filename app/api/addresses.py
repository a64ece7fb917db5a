"""From which address does a request come, when proxies pass it on?"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from app.settings import Network

Address: TypeAlias = IPv4Address | IPv6Address
MOST_HOPS = 20  # elements of a header that are looked at, from its end
HOUSEHOLD = 64  # bits of an IPv6 address; one subscriber has all addresses below them


@lru_cache(maxsize=4096)
def address_of(text: str) -> Address | None:
    """The address that a text is; an IPv4 address in IPv6 clothes is the IPv4 address."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=4096)
def household_of(text: str) -> str:
    """An address as far as it tells callers apart: of IPv6, the network of one subscriber."""
    found = address_of(text)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), HOUSEHOLD), strict=False))
    return text if found is None else str(found)


class Forwarding:
    """Puts the address of the caller in the place of a trusted proxy's; see `Origins`."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network], header: str) -> None:
        self._app = app
        self._origins = Origins(trusted, header)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one connection."""
        if scope["type"] in {"http", "websocket"}:
            scope = self._origins.seen(scope)
        await self._app(scope, receive, send)


class Origins:
    """Finds out who asks through trusted proxies.

    Only `header` is read: a proxy that writes one of the two passes the other on as it came. It is
    read from its end, where the nearest proxy writes; what stands before the first address that is
    no trusted proxy's may be anybody's invention.
    """

    def __init__(self, trusted: Sequence[Network], header: str) -> None:
        self._trusted = trusted
        self._header = header.encode()
        self._read = _forwarded_for if header == "forwarded" else _bare

    def seen(self, scope: Scope) -> Scope:
        """The same connection, of whoever asks."""
        peer = scope.get("client")
        return {**scope, "client": (self._origin(peer[0], scope), 0)} if peer else scope

    def _origin(self, peer: str, scope: Scope) -> str:
        """The nearest address that is not a trusted proxy's; the furthest, if all of them are."""
        origin = peer
        hops = self._hops(scope) if self._trusts(address_of(peer)) else []
        for hop in hops:
            found = address_of(self._read(hop))
            if found is None:
                break
            origin = str(found)
            if not self._trusts(found):
                break
        return origin

    def _hops(self, scope: Scope) -> Sequence[str]:
        """Who asked on whose behalf, the nearest first."""
        values = [value for name, value in scope["headers"] if name == self._header]
        elements = b",".join(values).decode("latin-1").rsplit(",", MOST_HOPS)[-MOST_HOPS:]
        return elements[::-1]

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def _forwarded_for(element: str) -> str:
    """The address in an element of `Forwarded` (RFC 7239)."""
    for pair in element.split(";"):
        name, _, value = pair.strip().partition("=")
        if name.strip().lower() == "for":
            return _bare(value.strip().strip('"'))
    return ""


def _bare(written: str) -> str:
    """An address without its brackets and port."""
    written = written.strip()
    if written.startswith("["):
        return written[1:].partition("]")[0]
    return written.partition(":")[0] if written.count(":") == 1 else written
