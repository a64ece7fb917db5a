"""Which public keys does an issuer have now?"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from app.errors import UpstreamError
from app.principals.refusals import CredentialRefused, KeysUnavailable

log = structlog.get_logger(__name__)
Key = RSAKey | ECKey | OKPKey
PUBLIC = (RSAKey, ECKey, OKPKey)
SMALLEST_RSA = 2048  # bits
FRESH = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)  # between questions for a key that nobody has heard of, or after none
LONGEST = timedelta(hours=24)  # that known keys are good for while the issuer is silent


class KeyRing:
    """The keys of one issuer, by id. `fetch` asks for its key set, as JSON.

    They are asked for again after ten minutes, and when a token names another: once a minute at
    most, so that made-up names do not become a flood at the issuer.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[bytes]], now: Callable[[], datetime], issuer: str
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._issuer = issuer
        self._keys: list[Key] = []
        self._read_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def key(self, key_id: str | None) -> Key:
        """The key with an id; without an id the only one there is.

        Raises:
            CredentialRefused: there is none.
            KeysUnavailable: nobody can say.
        """
        if self._age is None or self._age > FRESH or self._found(key_id) is None:
            await self._refreshed()
        if self._age is None or self._age > LONGEST:
            raise KeysUnavailable
        if (found := self._found(key_id)) is None:
            raise CredentialRefused("unknown key")
        return found

    @property
    def _age(self) -> timedelta | None:
        return None if self._read_at is None else self._now() - self._read_at

    def _found(self, key_id: str | None) -> Key | None:
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((one for one in self._keys if one.kid == key_id), None)

    async def _refreshed(self) -> None:
        """Ask again, unless somebody has just done so; keys that are known stay when it fails."""
        async with self._asking:
            now = self._now()
            if self._asked_at is not None and now - self._asked_at < PAUSE:
                return
            self._asked_at = now
            try:
                keys = usable(orjson.loads(await self._fetch()))
            except (UpstreamError, OSError, ValueError) as error:
                log.warning("keys.unreadable", issuer=self._issuer, error=type(error).__name__)
                return
            self._keys, self._read_at = keys, now


def usable(told: Any) -> list[Key]:
    """The public keys for signatures in a JSON Web Key Set (RFC 7517); what else it holds is left.

    Raises:
        ValueError: it is no key set.
    """
    if not isinstance(told, dict) or not isinstance(told.get("keys"), list):
        raise ValueError("no key set")  # noqa: TRY004  as for all that cannot be read
    return [key for one in cast("Collection[Any]", told["keys"]) for key in _key(one)]


def _key(told: Any) -> list[Key]:
    if not isinstance(told, dict) or told.get("use", "sig") != "sig" or _small(told):
        return []
    try:
        (key,) = KeySet.import_key_set({"keys": [told]}).keys
    except (JoseError, ValueError, TypeError, KeyError):
        return []
    return [key] if isinstance(key, PUBLIC) else []


def _small(told: dict[str, Any]) -> bool:
    """Whether it is of RSA, with a modulus that is too short; six bits a character."""
    return told.get("kty") == "RSA" and len(str(told.get("n"))) * 6 < SMALLEST_RSA
