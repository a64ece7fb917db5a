"""Who is behind a request's Authorization?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import orjson
from cachetools import LRUCache
from yarl import URL

from app.errors import MisconfiguredError
from app.ports import WireRequest
from app.principals.keys import PREFIX, ApiKeys
from app.principals.keysets import KeyRing, usable
from app.principals.model import GUEST, Principal
from app.principals.refusals import CredentialRefused
from app.principals.tokens import Tokens, Trusted
from app.settings import Access, Issuer
from app.store import Store
from app.upstream.client import ClientPolicy, open_client

BEARER = "bearer"
MOST_KNOWN = 10_000  # tokens
KNOWN_FOR = timedelta(seconds=60)  # a key that its issuer takes back is refused after as long
KEYS_POLICY = ClientPolicy(timeout=timedelta(seconds=5), max_body=256_000)


class Principals:
    """Tells who is asking; a token that was proved is taken for a minute without proving it again.

    Without `tokens` nobody's are taken, and without `keys` no API keys are.
    """

    def __init__(
        self, tokens: Tokens | None, now: Callable[[], datetime], keys: ApiKeys | None = None
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._now = now
        self._known: LRUCache[str, tuple[Principal, datetime]] = LRUCache(MOST_KNOWN)

    async def of(self, authorization: str | None) -> Principal:
        """The principal behind a header; whoever brings none, or another scheme, is a guest.

        Other schemes belong to proxies in between.

        Raises:
            CredentialRefused: a token or key is none of ours.
            KeysUnavailable: nobody can say.
        """
        if authorization is None:
            return GUEST
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != BEARER:
            return GUEST
        if token.startswith(PREFIX) and self._keys is not None:
            return await self._keys.principal(token)
        if self._tokens is None:
            raise CredentialRefused("no issuers")
        return self._kept(token) or await self._proven(self._tokens, token)

    def _kept(self, token: str) -> Principal | None:
        if (kept := self._known.get(token)) is None:
            return None
        principal, until = kept
        return principal if self._now() < until else None

    async def _proven(self, tokens: Tokens, token: str) -> Principal:
        principal = await tokens.principal(token.strip())
        until = self._now() + KNOWN_FOR
        self._known[token] = principal, min(until, principal.expires_at or until)
        return principal


@asynccontextmanager
async def principals(
    access: Access,
    now: Callable[[], datetime],
    store: Store | None = None,
    *,
    within: timedelta = KEYS_POLICY.timeout,
) -> AsyncIterator[Principals]:
    """The one who tells, with the issuers' keys at hand as soon as they are needed.

    API keys are those of the `store`. Nobody waits longer than `within` for an issuer.

    Raises:
        MisconfiguredError: a file of keys cannot be read.
    """
    async with AsyncExitStack() as stack:
        trusted = {
            issuer.issuer: Trusted(issuer, await _ring(stack, name, issuer, now, within))
            for name, issuer in access.issuers.items()
        }
        tokens = Tokens(trusted, now) if trusted else None
        yield Principals(tokens, now, None if store is None else ApiKeys(store, now))


async def _ring(
    stack: AsyncExitStack,
    name: str,
    issuer: Issuer,
    now: Callable[[], datetime],
    within: timedelta,
) -> KeyRing:
    ring = KeyRing(await _source(stack, name, issuer, now), now, name, within=within)
    stack.callback(ring.close)
    return ring


async def _source(
    stack: AsyncExitStack, name: str, issuer: Issuer, now: Callable[[], datetime]
) -> Callable[[], Awaitable[bytes]]:
    """Where its keys come from."""
    if (near := _near(name, issuer)) is not None:
        return near
    address = URL(str(issuer.jwks))
    http = await stack.enter_async_context(
        open_client(name, str(address.origin()), policy=KEYS_POLICY, now=now)
    )
    request = WireRequest(
        operation="keys", method="GET", path=address.raw_path_qs.lstrip("/"), safe=True
    )

    async def fetch() -> bytes:
        return (await http.send(request)).body

    return fetch


def check_keys(access: Access) -> None:
    """See that the keys that are told, or stand in files, are there; nobody is called.

    Raises:
        MisconfiguredError: they are not.
    """
    for name, issuer in access.issuers.items():
        _near(name, issuer)


def _near(name: str, issuer: Issuer) -> Callable[[], Awaitable[bytes]] | None:
    """Keys that are at hand; None where somebody else has to be asked for them."""
    if not isinstance(issuer.jwks, str):
        return _told(name, orjson.dumps(issuer.jwks))
    return None if "://" in issuer.jwks else _read(name, Path(issuer.jwks))


def _told(name: str, keys: bytes) -> Callable[[], Awaitable[bytes]]:
    try:
        usable(orjson.loads(keys))
    except ValueError as error:
        raise MisconfiguredError(f"access.issuers.{name}.jwks is no key set") from error

    async def fetch() -> bytes:
        return keys

    return fetch


def _read(name: str, path: Path) -> Callable[[], Awaitable[bytes]]:
    """What is in a file now: it may be written anew while the process runs."""
    try:
        usable(orjson.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        where = f"access.issuers.{name}.jwks"
        raise MisconfiguredError(f"{where}: the file {path} holds no key set") from error

    async def fetch() -> bytes:
        return await asyncio.to_thread(path.read_bytes)

    return fetch
