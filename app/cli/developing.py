"""Who vouches for callers where there is nobody else to? An issuer that ends with its process."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.jwk import OKPKey

from app.settings import Access, Algorithm, Issuer
from app.values import PrincipalKind

AUDIENCE = "tessera"
ALGORITHM: Algorithm = "Ed25519"
LASTS = timedelta(hours=12)
KINDS = tuple(kind for kind in PrincipalKind if kind is not PrincipalKind.GUEST)


@dataclass(frozen=True)
class DevelopmentIssuer:
    """Signs tokens for anybody, with a key that nobody else has and that is written nowhere."""

    key: OKPKey = field(
        default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "0", "use": "sig"}),
        repr=False,
    )

    def access(self) -> Access:
        """The settings of a gateway that takes its tokens."""
        keys = {"keys": [self.key.as_dict(private=False)]}
        return Access(
            issuers={
                kind.lower(): Issuer(
                    kind=kind,
                    issuer=self._name(kind),
                    audience=AUDIENCE,
                    jwks=keys,
                    algorithms=(ALGORITHM,),
                )
                for kind in KINDS
            }
        )

    def token(self, kind: PrincipalKind, subject: str, **claims: object) -> str:
        """A token for somebody, good for twelve hours."""
        until = datetime.now(UTC) + LASTS
        told = {"iss": self._name(kind), "aud": AUDIENCE, "sub": subject, "exp": until, **claims}
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, told, self.key, algorithms=[ALGORITHM])

    def _name(self, kind: PrincipalKind) -> str:
        return f"development:{kind.lower()}"
