"""What happened to a customer? Facts in the past tense; none holds anything that names somebody."""

from app.store import Fact
from app.values import CustomerId


def customer_enrolled(customer: CustomerId) -> Fact:
    """Somebody is known to us from now on."""
    return Fact(kind="CustomerEnrolled", entity=customer, body={})


def customer_updated(customer: CustomerId, what: list[str]) -> Fact:
    """Some of what is known of them has changed; which parts, not how."""
    return Fact(kind="CustomerUpdated", entity=customer, body={"changed": what})


def identity_linked(customer: CustomerId, system: str, evidence: str) -> Fact:
    """Somebody in another system is this person; who, is not told."""
    body = {"system": system, "evidence": evidence}
    return Fact(kind="CustomerIdentityLinked", entity=customer, body=body)


def identity_unlinked(customer: CustomerId, system: str) -> Fact:
    """Somebody in another system is not this person after all."""
    return Fact(kind="CustomerIdentityUnlinked", entity=customer, body={"system": system})


def customer_merged(customer: CustomerId, into: CustomerId) -> Fact:
    """Two records turned out to be of one person."""
    return Fact(kind="CustomerMerged", entity=customer, body={"into": into})


def customer_unmerged(customer: CustomerId, out_of: CustomerId) -> Fact:
    """They are of two after all."""
    return Fact(kind="CustomerUnmerged", entity=customer, body={"outOf": out_of})


def groups_set(customer: CustomerId, groups: list[str]) -> Fact:
    """Staff has said which groups they are in."""
    return Fact(kind="CustomerGroupsSet", entity=customer, body={"groups": groups})


def consent_set(customer: CustomerId, purpose: str, channel: str, *, granted: bool) -> Fact:
    """They have agreed to something, or do not any more."""
    body = {"purpose": purpose, "channel": channel, "granted": granted}
    return Fact(kind="CustomerConsentSet", entity=customer, body=body)


def privacy_asked(customer: CustomerId, kind: str, request: str) -> Fact:
    """They want to know, or to have forgotten, everything about them."""
    body = {"kind": kind, "request": request}
    return Fact(kind="CustomerPrivacyAsked", entity=customer, body=body)


def part_done(customer: CustomerId, kind: str, request: str, system: str) -> Fact:
    """One system has told, or forgotten, everything."""
    body = {"kind": kind, "request": request, "system": system}
    return Fact(kind="CustomerPrivacyPartDone", entity=customer, body=body)


def privacy_done(customer: CustomerId, kind: str, request: str) -> Fact:
    """Every system has."""
    body = {"kind": kind, "request": request}
    return Fact(kind="CustomerPrivacyDone", entity=customer, body=body)
