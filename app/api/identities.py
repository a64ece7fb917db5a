"""GraphQL face of who customers are, or may be, in other systems. For staff."""

from datetime import datetime
from hashlib import sha256
from typing import Self

import strawberry

from app.api.auditing import looked_at
from app.api.customer_parts import CustomerContact
from app.api.hints import NOBODY_KEEPS
from app.api.nodes import global_id, key_of
from app.customers import matching, model
from app.customers.linking import Found
from app.customers.model import SIGN_IN, Confidence, Evidence
from app.customers.refusals import InvalidCustomerInput
from app.errors import InvalidInputError
from app.values import CustomerId

MOST_CANDIDATES = 100


@strawberry.type(
    description="Who a customer is in another system. For staff.", directives=NOBODY_KEEPS
)
class CustomerIdentity:
    """Personal data."""

    id: strawberry.ID = strawberry.field(description="Opaque; customerUnlink takes it.")
    source: str = strawberry.field(description="The connection; sign-in for a way to sign in.")
    evidence: Evidence = strawberry.field(description="Why they are taken for the same person.")
    confidence: Confidence = strawberry.field(description="How sure that is.")
    linked_at: datetime = strawberry.field(description="Since when.")

    @classmethod
    def of(cls, identity: model.Identity) -> Self:
        """Dress an identity."""
        return cls(
            id=identity_id(identity.system, identity.external),
            source=identity.system,
            evidence=identity.evidence,
            confidence=identity.confidence,
            linked_at=identity.linked_at,
        )


@strawberry.type(
    description="Somebody who is, or may be, the one who is looked for. For staff.",
    directives=NOBODY_KEEPS,
)
class CustomerCandidate:
    """Of our records, or of another system's."""

    identity_id: strawberry.ID | None = strawberry.field(
        description="customerLink takes it; null for one who is known from our own records."
    )
    source: str = strawberry.field(description="The connection; tessera for our own records.")
    customer_id: strawberry.ID | None = strawberry.field(
        description="Who they are in our records; null where they are nobody yet."
    )
    given_name: str | None = strawberry.field(description="Given name.")
    family_name: str | None = strawberry.field(description="Family name.")
    contacts: list[CustomerContact] = strawberry.field(description="By what they are recognised.")
    evidence: Evidence = strawberry.field(description="Why they may be the one.")
    confidence: Confidence = strawberry.field(description="How sure that is.")

    @classmethod
    def of(cls, one: matching.Candidate, ours: CustomerId | None) -> Self:
        """Dress somebody whom another system knows."""
        told = one.customer
        looked_at(ours or f"{one.system}:{sha256(told.key.encode()).hexdigest()[:24]}")
        return cls(
            identity_id=identity_id(one.system, told.key),
            source=one.system,
            customer_id=None if ours is None else global_id("Customer", ours),
            given_name=told.given_name,
            family_name=told.family_name,
            contacts=[
                CustomerContact.of(known.contact, verified=known.verified)
                for known in told.contacts
            ],
            evidence=one.evidence,
            confidence=one.confidence,
        )


@strawberry.type(
    description="Who somebody may be, the surest first. For staff.", directives=NOBODY_KEEPS
)
class CustomerCandidates:
    """With who could not be asked."""

    candidates: list[CustomerCandidate] = strawberry.field(description="They; at most 100.")
    silent: list[str] = strawberry.field(
        description="Connections that did not answer, or not all of it: others may be there."
    )

    @classmethod
    def of(cls, found: Found) -> Self:
        """Dress what was found."""
        candidates = [
            CustomerCandidate.of(one, found.ours.get((one.system, str(one.customer.key))))
            for one in found.candidates[:MOST_CANDIDATES]
        ]
        return cls(candidates=candidates, silent=list(found.silent))


def identity_id(system: str, external: str) -> strawberry.ID:
    """The id of somebody in a system."""
    return global_id("CustomerIdentity", f"{system}:{external}")


def identity_of(given: str) -> tuple[str, str]:
    """The system, and what it calls somebody.

    Raises:
        InvalidCustomerInput: the id is none of theirs.
    """
    try:
        system, colon, external = key_of(given, "CustomerIdentity").partition(":")
    except InvalidInputError as error:
        raise InvalidCustomerInput("identityId is none.", path=("identityId",)) from error
    if not colon or system == SIGN_IN:
        raise InvalidCustomerInput("identityId is none.", path=("identityId",))
    return system, external
