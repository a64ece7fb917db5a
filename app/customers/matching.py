"""Is somebody in another system this person? What is not certain is for staff to say.

Certain is only what both sides have seen proved: an e-mail address or a number that is written the
same, or a loyalty card. All else is suggested. Nothing is certain by what it looks like.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from unicodedata import combining, normalize

from app.customers.contacts import look_of
from app.customers.model import Confidence, Evidence, OwnContact
from app.ports import Contact, ContactKind, UpstreamCustomer

ALIKE = 0.85  # of the letters of two names
PROOFS: Mapping[ContactKind, Evidence] = {
    ContactKind.EMAIL: Evidence.VERIFIED_EMAIL,
    ContactKind.LOYALTY_CARD: Evidence.LOYALTY_CARD,
    ContactKind.PHONE: Evidence.VERIFIED_PHONE,
}
ORDER = tuple(Confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """By what somebody is looked for: contacts, each proved or not, and a name."""

    contacts: Mapping[Contact, bool]
    name: str = ""

    @classmethod
    def of(cls, contacts: Iterable[OwnContact], *names: str | None) -> "Sought":
        """Of what we know of somebody."""
        known = {one.contact: one.verified for one in contacts}
        return cls(contacts=known, name=" ".join(filter(None, names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody in a system who is, or may be, the one who is looked for."""

    system: str
    customer: UpstreamCustomer
    evidence: Evidence
    confidence: Confidence

    @property
    def certain(self) -> bool:
        """Whether nobody has to be asked."""
        return self.confidence is Confidence.CERTAIN


def candidates(
    sought: Sought, found: Iterable[tuple[str, UpstreamCustomer]]
) -> tuple[Candidate, ...]:
    """Those of the found that are, or may be, the one; the surest first.

    Of several whom one system has under the same number none is certain: families share it.
    """
    judged = [one for system, row in found if (one := _judged(sought, system, row)) is not None]
    shared = [one.system for one in judged if _by_phone(one)]
    judged = [
        _less(one) if _by_phone(one) and shared.count(one.system) > 1 else one for one in judged
    ]
    return tuple(
        sorted(judged, key=lambda one: (ORDER.index(one.confidence), one.system, one.customer.key))
    )


def alike(one: str, other: str) -> bool:
    """Whether two names are, give or take accents, the order of words and a letter."""
    first, second = (" ".join(sorted(_folded(name).split())) for name in (one, other))
    return bool(first and second) and SequenceMatcher(None, first, second).ratio() >= ALIKE


def _judged(sought: Sought, system: str, row: UpstreamCustomer) -> Candidate | None:
    theirs = {one.contact: one.verified for one in row.contacts}
    shared = [one for one in sought.contacts if one in theirs]
    proved = [one for one in shared if sought.contacts[one] and theirs[one]]
    evidence = _evidence(sought.contacts, theirs, shared, proved)
    if evidence is None:
        return None
    confidence = Confidence.POSSIBLE
    if proved:
        contradicted = evidence is Evidence.VERIFIED_PHONE and _contradicted(sought, theirs)
        confidence = Confidence.LIKELY if contradicted else Confidence.CERTAIN
    elif shared and alike(sought.name, f"{row.given_name or ''} {row.family_name or ''}"):
        confidence = Confidence.LIKELY
    return Candidate(system=system, customer=row, evidence=evidence, confidence=confidence)


def _evidence(
    ours: Mapping[Contact, bool],
    theirs: Mapping[Contact, bool],
    shared: Sequence[Contact],
    proved: Sequence[Contact],
) -> Evidence | None:
    if proved:
        return PROOFS[min(proved, key=lambda one: list(PROOFS).index(one.kind)).kind]
    if shared:
        return Evidence.UNVERIFIED_CONTACT
    return Evidence.SIMILAR if _looks(ours) & _looks(theirs) else None


def _looks(contacts: Collection[Contact]) -> set[str]:
    return {look_of(one) for one in contacts if one.kind is ContactKind.EMAIL}


def _contradicted(sought: Sought, theirs: Mapping[Contact, bool]) -> bool:
    """Whether both have proved an e-mail address, and each another."""
    both = [
        {one for one, verified in side.items() if verified and one.kind is ContactKind.EMAIL}
        for side in (sought.contacts, theirs)
    ]
    return all(both) and not both[0] & both[1]


def _by_phone(one: Candidate) -> bool:
    return one.evidence is Evidence.VERIFIED_PHONE


def _less(one: Candidate) -> Candidate:
    return Candidate(
        system=one.system,
        customer=one.customer,
        evidence=one.evidence,
        confidence=Confidence.LIKELY,
    )


def _folded(name: str) -> str:
    letters = normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not combining(letter))
