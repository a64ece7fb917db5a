"""Is this token what it says it is (RFC 7519, checked as RFC 8725 and RFC 9068 ask for)?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from warnings import catch_warnings

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError

from app.principals.keysets import KeyRing
from app.principals.model import Principal
from app.principals.refusals import CredentialRefused
from app.settings import Issuer
from app.values import LocationCode

LONGEST = 8_192  # characters
SKEW = timedelta(seconds=60)  # that two clocks may differ
MOST_ROLES = 100
LONGEST_CONTACT = 254
# What odd tokens come to; an OSError is a time after all that the system can tell.
ODD = (ValueError, TypeError, KeyError, OverflowError, RecursionError, OSError)


@dataclass(frozen=True, slots=True)
class Trusted:
    """An issuer and its keys."""

    issuer: Issuer
    keys: KeyRing


class Tokens:
    """Reads the tokens of trusted issuers, by their names in `iss`."""

    def __init__(self, trusted: Mapping[str, Trusted], now: Callable[[], datetime]) -> None:
        self._trusted = trusted
        self._now = now

    async def principal(self, token: str) -> Principal:
        """Whom a token speaks for.

        Raises:
            CredentialRefused: it is forged, of somebody else, for somebody else, or too old.
            KeysUnavailable: nobody can say.
        """
        if len(token) > LONGEST:
            raise CredentialRefused("too long")
        try:
            header, claims = _unproven(token)
            trusted = self._trusted.get(str(claims.get("iss")))
            if trusted is None:
                raise CredentialRefused("unknown issuer")
            _check_header(header, trusted.issuer)
            key = await trusted.keys.key(header.get("kid"))
            with catch_warnings(action="ignore"):  # that EdDSA has been called Ed25519 since 2025
                proven = jwt.decode(token, key, algorithms=trusted.issuer.algorithms)
            return self._principal(proven.claims, trusted.issuer)
        except (JoseError, *ODD) as error:
            raise CredentialRefused(type(error).__name__) from error

    def _principal(self, claims: Mapping[str, Any], issuer: Issuer) -> Principal:
        now = self._now()
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(SKEW.total_seconds()),
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": issuer.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        registry.validate(dict(claims))
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise CredentialRefused("no subject")
        return Principal(
            kind=issuer.kind,
            issuer=issuer.issuer,
            subject=subject,
            roles=_roles(_claim(claims, issuer.roles)),
            location=_location(_claim(claims, issuer.location)),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC) + SKEW,
            email=_verified(claims, "email"),
            phone=_verified(claims, "phone_number"),
        )


def _verified(claims: Mapping[str, Any], name: str) -> str | None:
    """A contact that the issuer has proved (OpenID Connect Core, section 5.1); others are none."""
    said = claims.get(name)
    proved = claims.get(f"{name}_verified") is True
    return said if proved and isinstance(said, str) and len(said) <= LONGEST_CONTACT else None


def _unproven(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What a token says, which nobody has proved."""
    parts = jws.extract_compact(token.encode("ascii"))
    claims = orjson.loads(parts.payload)
    if not isinstance(claims, dict):
        raise CredentialRefused("no claims")
    return parts.headers(), claims


def _check_header(header: Mapping[str, Any], issuer: Issuer) -> None:
    """The key that a header brings along, or points to, is never looked at."""
    if str(header.get("typ", "")).lower().removeprefix("application/") not in {
        one.lower() for one in issuer.types
    }:
        raise CredentialRefused("another type")
    if header.get("alg") not in issuer.algorithms:
        raise CredentialRefused("another algorithm")
    if "crit" in header:
        raise CredentialRefused("critical header")


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by the names of the levels around it."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _roles(told: Any) -> frozenset[str]:
    """A list of words, or words in one text, as `scope` has them."""
    words = told.split() if isinstance(told, str) else told
    if not isinstance(words, list):
        return frozenset()
    return frozenset(one for one in words[:MOST_ROLES] if isinstance(one, str))


def _location(told: Any) -> LocationCode | None:
    return LocationCode(told) if isinstance(told, str) and told else None
