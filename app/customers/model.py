"""What is a customer to us? One person, and what each system calls them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.ports import Address, Contact
from app.values import CustomerId, Locale

SIGN_IN = "sign-in"
"""The system of identities that are proved by signing in; its externals are pseudonyms."""


class Evidence(StrEnum):
    """Why somebody in another system is taken for this person."""

    SIGN_IN = "SIGN_IN"
    VERIFIED_EMAIL = "VERIFIED_EMAIL"
    VERIFIED_PHONE = "VERIFIED_PHONE"
    LOYALTY_CARD = "LOYALTY_CARD"
    UNVERIFIED_CONTACT = "UNVERIFIED_CONTACT"
    SIMILAR = "SIMILAR"
    STAFF = "STAFF"


class Confidence(StrEnum):
    """How sure that is. What is not CERTAIN is only suggested, until staff says so."""

    CERTAIN = "CERTAIN"
    LIKELY = "LIKELY"
    POSSIBLE = "POSSIBLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What one system calls the person. `system` is a connection, or `sign-in`.

    `external` is personal data: it stays out of messages, logs, traces and facts.
    """

    system: str
    external: str = field(repr=False)
    evidence: Evidence
    confidence: Confidence
    linked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContact:
    """A contact of the person; `verified`: it was proved to be theirs."""

    contact: Contact = field(repr=False)
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the person says of themselves."""

    given_name: str | None = None
    family_name: str | None = None
    locale: Locale | None = None
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One person. `merged` are our other records that turned out to be of the same one."""

    id: CustomerId
    version: int
    created_at: datetime
    updated_at: datetime
    profile: Profile = field(default=Profile(), repr=False)
    contacts: tuple[OwnContact, ...] = ()
    identities: tuple[Identity, ...] = ()
    merged: tuple[CustomerId, ...] = ()

    @property
    def selves(self) -> frozenset[CustomerId]:
        """Every id by which something of ours may be this person's."""
        return frozenset({self.id, *self.merged})
