"""Which public keys does an issuer have now?"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from app.principals.refusals import CredentialRefused, KeysUnavailable

log = structlog.get_logger(__name__)
Key = RSAKey | ECKey | OKPKey
PUBLIC = (RSAKey, ECKey, OKPKey)
SMALLEST_RSA = 2048  # bits
FRESH = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)  # between questions for a key that nobody has heard of, or after none
FIRST_PAUSE = timedelta(seconds=5)  # the same while its keys were never read
AT_ONCE = timedelta()
LONGEST = timedelta(hours=24)  # that known keys are good for while the issuer is silent


class KeyRing:
    """The keys of one issuer, by id. `fetch` asks for its key set, as JSON.

    They are asked for again after ten minutes, and when a token names another: once a minute at
    most, so that made-up names do not become a flood at the issuer. Nobody waits for it longer than
    `within`, and who names a key that is known does not wait at all.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        now: Callable[[], datetime],
        issuer: str,
        *,
        within: timedelta,
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._issuer = issuer
        self._keys: list[Key] = []
        self._read_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self._within = within

    async def key(self, key_id: str | None) -> Key:
        """The key with an id; without an id the only one there is.

        Raises:
            CredentialRefused: there is none.
            KeysUnavailable: nobody can say.
        """
        if (fresh := self._found(key_id, FRESH)) is not None:
            return fresh
        known = self._found(key_id, LONGEST) is not None
        told = await self._refreshed(AT_ONCE if known else self._within)
        if (found := self._found(key_id, LONGEST)) is not None:
            return found
        if not told or self._older(LONGEST):
            raise KeysUnavailable
        raise CredentialRefused("unknown key")

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    def _older(self, age: timedelta) -> bool:
        return self._read_at is None or self._now() - self._read_at > age

    def _found(self, key_id: str | None, age: timedelta) -> Key | None:
        """A key that was read no longer ago than an `age`."""
        if self._older(age):
            return None
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((one for one in self._keys if one.kid == key_id), None)

    async def _refreshed(self, within: timedelta) -> bool:
        """Ask again, unless somebody has just done so; whether that came to an end in time.

        It goes on for those who ask later, whoever stops waiting.
        """
        if self._asking is None or self._asking.done():
            now, pause = self._now(), FIRST_PAUSE if self._read_at is None else PAUSE
            if self._asked_at is not None and now - self._asked_at < pause:
                return True
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask(now))
        done, _ = await asyncio.wait({self._asking}, timeout=within.total_seconds())
        return bool(done)

    async def _ask(self, now: datetime) -> None:
        """Keys that are known stay when it fails."""
        try:
            keys = usable(orjson.loads(await self._fetch()))
        except Exception as error:  # noqa: BLE001  nobody may be there to hear of it
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
