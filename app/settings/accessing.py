"""Whose word about a caller is taken?"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from app.settings.words import Name, Section
from app.values import PrincipalKind

# Asymmetric ones alone: whoever can verify a token must not be able to make one.
Algorithm = Literal["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Issuer(Section):
    """An identity provider whose tokens are taken, all of them for one `kind` of principal.

    `issuer` and `audience` are what the claims `iss` and `aud` have to say, `types` the values of
    the header `typ`. `jwks` is the set of its public keys, or where it is: an https address, or a
    file. `roles` and `location` are claims, with dots between levels: a list of words, and the code
    of the location where somebody works.
    """

    kind: Literal[
        PrincipalKind.CUSTOMER, PrincipalKind.STAFF, PrincipalKind.PARTNER, PrincipalKind.OPERATOR
    ]
    issuer: Text
    audience: Text
    jwks: Text | Mapping[str, Any]
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256", "EdDSA"), min_length=1)
    types: tuple[Text, ...] = Field(default=("at+jwt",), min_length=1)
    roles: Text = "roles"
    location: Text = "location"

    @model_validator(mode="after")
    def _can_be_trusted(self) -> Self:
        if not isinstance(self.jwks, str) or "://" not in self.jwks:
            return self
        if not _can_be_asked(self.jwks):
            raise ValueError("jwks has to be an https address, or the path of a file")
        return self


class Access(Section):
    """Who callers are. Without issuers everybody is a guest, and no token is taken."""

    issuers: Mapping[Name, Issuer] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [one.issuer for one in self.issuers.values()]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two issuers are called {twice[0]!r}: give each its own")
        return self


def _can_be_asked(address: str) -> bool:
    """Whether it is one of https, or of this machine."""
    try:
        parts = urlsplit(address)
        if parts.port == 0 or not parts.hostname:
            return False
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
