"""What was promised, in a form that the shopper can carry and nobody can change.

A token is signed, not secret: it holds digests, codes of locations and times, nothing of a person
and no cost of the retailer's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from itsdangerous import BadData, URLSafeSerializer

from app.errors import MisconfiguredError
from app.promises.refusals import TokenRefused
from app.settings import Signing, secret

SALT = "tessera.promise.1"
LONGEST = 8_192  # characters
SHORTEST_KEY = 32  # characters
OLDEST = 30 * 86_400  # seconds; longer than it is until any cut-off


class LegTerms(NamedTuple):
    """How one part goes: by whom, how many of each line, from when to when."""

    location: str
    service: str
    carrier: str
    carrier_service: str
    to: str
    units: tuple[int, ...]
    earliest: int
    latest: int
    order_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything a promise depends on, as it was. Instants are seconds since 1970."""

    issued: int
    valid_until: int
    channel: str
    method: str
    store: str
    area: str
    lines: str
    prices: tuple[str, ...]
    stock: str
    rules: str
    factors: str
    carriers: str
    currency: str
    fee: int
    legs: tuple[LegTerms, ...]

    @property
    def earliest(self) -> int:
        """When the last part is there at the earliest."""
        return max(leg.earliest for leg in self.legs)

    @property
    def latest(self) -> int:
        """When everything is there."""
        return max(leg.latest for leg in self.legs)


class Signer:
    """Makes tokens and reads them. The last of the keys signs; all are believed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._serializer = URLSafeSerializer(
            list(keys),
            salt=SALT,
            serializer=_Json,
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )

    @classmethod
    def of(cls, signing: Signing | None, environ: Mapping[str, str], *, fallback: str) -> "Signer":
        """The signer of the settings; without keys, of one that lasts as long as the process.

        Raises:
            MisconfiguredError: a key is not where the settings say, or is none.
        """
        if signing is None:
            return cls([fallback])
        current = _key(signing.current, environ, at="promises.signing.current")
        if signing.previous is None:
            return cls([current])
        return cls([_key(signing.previous, environ, at="promises.signing.previous"), current])

    def sign(self, terms: Terms) -> str:
        """The token of some terms."""
        told = [getattr(terms, name) for name in Terms.__slots__]
        token: str | bytes = self._serializer.dumps(told)
        return token if isinstance(token, str) else token.decode()

    def read(self, token: str, *, now: datetime) -> Terms:
        """The terms of a token.

        Raises:
            TokenRefused: it was not made with our keys, or is too old.
        """
        if len(token) > LONGEST:
            raise TokenRefused("This is not a promise of ours.", code="TOKEN_INVALID")
        try:
            told: list[Any] = self._serializer.loads(token)
        except BadData as error:
            raise TokenRefused("This is not a promise of ours.", code="TOKEN_INVALID") from error
        fields = dict(zip(Terms.__slots__, told, strict=True))
        fields["prices"] = tuple(fields["prices"])
        fields["legs"] = tuple(_leg(*leg) for leg in fields["legs"])
        terms = Terms(**fields)
        if now.timestamp() > terms.issued + OLDEST:
            raise TokenRefused("The promise is too old: ask again.", code="TOKEN_EXPIRED")
        return terms


def _key(reference: object, environ: Mapping[str, str], *, at: str) -> str:
    found = secret(reference, environ, at=at)
    if len(found) < SHORTEST_KEY:
        raise MisconfiguredError(f"{at}: a key has at least {SHORTEST_KEY} characters")
    return found


def digest(told: object) -> str:
    """A short digest of anything JSON can say."""
    written = orjson.dumps(told, default=tuple, option=orjson.OPT_SORT_KEYS)
    return sha256(written).hexdigest()[:20]


class _Json:
    """What is signed, as compact as JSON can be."""

    @staticmethod
    def dumps(told: object) -> bytes:
        return orjson.dumps(told, default=tuple)  # named tuples

    @staticmethod
    def loads(told: str | bytes) -> Any:
        return orjson.loads(told)


def _leg(*told: Any) -> LegTerms:
    leg = LegTerms(*told)
    return leg._replace(units=tuple(leg.units))
