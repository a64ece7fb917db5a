"""Callers who have proved who they are, to an issuer of the tests' own."""

from functools import cache

from app.cli.developing import LASTS, DevelopmentIssuer
from app.values import PrincipalKind

__all__ = ["ACCESS", "ISSUER", "LASTS", "STAFF", "as_"]
ISSUER = DevelopmentIssuer()
ACCESS = ISSUER.access().model_dump(mode="json")


@cache
def as_(kind: PrincipalKind, subject: str = "somebody") -> dict[str, str]:
    """The headers of one of a kind; a guest has none."""
    if kind is PrincipalKind.GUEST:
        return {}
    return {"authorization": f"Bearer {ISSUER.token(kind, subject)}"}


STAFF = as_(PrincipalKind.STAFF)
