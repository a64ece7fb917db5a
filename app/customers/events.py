"""What happened to a customer? Facts in the past tense; none holds anything that names somebody."""

from app.store import Fact
from app.values import CustomerId


def customer_enrolled(customer: CustomerId) -> Fact:
    """Somebody is known to us from now on."""
    return Fact(kind="CustomerEnrolled", entity=customer, body={})


def identity_linked(customer: CustomerId, system: str, evidence: str) -> Fact:
    """Somebody in another system is this person; who, is not told."""
    body = {"system": system, "evidence": evidence}
    return Fact(kind="CustomerIdentityLinked", entity=customer, body=body)
