"""An identity provider of the tests' own: keys, their public set, and any token at all."""

import asyncio
import base64
import hmac
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ISSUER, AUDIENCE = "https://id.example.com/shoppers", "tessera"
Key = RSAKey | ECKey | OKPKey
REGISTRY = jws.JWSRegistry(
    algorithms=["RS256", "RS512", "PS256", "ES256", "HS256", "EdDSA", "none"],
    strict_check_header=False,
)


def rsa(kid: str, bits: int = 2048) -> RSAKey:
    with warnings.catch_warnings(action="ignore"):  # a key that is too small is wanted, too
        return RSAKey.generate_key(bits, {"kid": kid, "use": "sig"})


def elliptic(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def edwards(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})


RSA, ELLIPTIC, EDWARDS = rsa("r1"), elliptic("e1"), edwards("o1")
STRANGER = rsa("r1")  # goes by a name that is known


@dataclass
class Provider:
    """Tells its keys, and counts how often it was asked; `silent`: it does not, `holding`: yet."""

    keys: list[Key] = field(default_factory=lambda: [RSA, ELLIPTIC, EDWARDS])
    asked: int = 0
    silent: Exception | None = None
    holding: asyncio.Event | None = None

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.holding is not None:
            await self.holding.wait()
        if self.silent is not None:
            raise self.silent
        return key_set(*self.keys)


def key_set(*keys: Key) -> bytes:
    return orjson.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a shopper; None takes one away."""
    at = int(NOW.timestamp())
    told = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "shopper-1",
        "iat": at,
        "exp": at + 600,
        **changes,
    }
    return {name: value for name, value in told.items() if value is not None}


def token(key: Key, alg: str, told: Mapping[str, Any] | None = None, **header: Any) -> str:
    """A signed token; its header names the key and its type, unless it is told otherwise."""
    named = {"alg": alg, "kid": key.kid, "typ": "at+jwt", **header}
    named = {name: value for name, value in named.items() if value is not None}
    with warnings.catch_warnings(action="ignore"):
        return jws.serialize_compact(
            named, json.dumps(claims() if told is None else told).encode(), key, registry=REGISTRY
        )


def signed_with(secret: bytes, header: Mapping[str, Any], told: Any) -> str:
    """A token whose secret is any bytes."""
    text = bare(header, told).rstrip(".")
    signature = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def bare(header: Mapping[str, Any], told: Any, signature: bytes = b"") -> str:
    """A token of any bytes, by nobody."""
    parts = orjson.dumps(header), orjson.dumps(told), signature
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
