"""What is certain, what is likely, and what only looks like it."""

import pytest

from app.customers.matching import Sought, alike, candidates
from app.ports import (
    Contact,
    ContactKind,
    CustomerKey,
    KnownContact,
    UpstreamCustomer,
)

MAIL = Contact(ContactKind.EMAIL, "ada@example.com")
OTHER_MAIL = Contact(ContactKind.EMAIL, "ada@example.org")
PHONE = Contact(ContactKind.PHONE, "+447700900001")
CARD = Contact(ContactKind.LOYALTY_CARD, "TC1")
STRANGE = Contact(ContactKind.EMAIL, "\u0430da@example.com")


def theirs(key: str = "1", name: str = "Ada Byron", **proved: bool) -> UpstreamCustomer:
    known = {"mail": MAIL, "other": OTHER_MAIL, "phone": PHONE, "card": CARD, "strange": STRANGE}
    given, _, family = name.partition(" ")
    return UpstreamCustomer(
        key=CustomerKey(key),
        given_name=given,
        family_name=family,
        contacts=tuple(
            KnownContact(contact=known[which], verified=verified)
            for which, verified in proved.items()
        ),
    )


def judged(sought: dict[Contact, bool], *rows: UpstreamCustomer) -> list[tuple[str, str]]:
    found = candidates(Sought(contacts=sought, name="Byron, Ada"), [("shop", row) for row in rows])
    return [(one.evidence, one.confidence) for one in found]


@pytest.mark.parametrize(
    ("sought", "row", "wanted"),
    [
        ({MAIL: True}, theirs(mail=True), ("VERIFIED_EMAIL", "CERTAIN")),
        ({CARD: True}, theirs(card=True), ("LOYALTY_CARD", "CERTAIN")),
        ({PHONE: True}, theirs(phone=True), ("VERIFIED_PHONE", "CERTAIN")),
        ({MAIL: True, PHONE: True}, theirs(mail=True, phone=True), ("VERIFIED_EMAIL", "CERTAIN")),
        ({MAIL: False}, theirs(mail=True), ("UNVERIFIED_CONTACT", "LIKELY")),
        ({MAIL: True}, theirs(mail=False), ("UNVERIFIED_CONTACT", "LIKELY")),
        ({MAIL: True}, theirs(name="Bob Other", mail=False), ("UNVERIFIED_CONTACT", "POSSIBLE")),
        ({CARD: False}, theirs(name="Bob Other", card=True), ("UNVERIFIED_CONTACT", "POSSIBLE")),
        ({MAIL: True}, theirs(strange=True), ("SIMILAR", "POSSIBLE")),
        ({STRANGE: True}, theirs(mail=True), ("SIMILAR", "POSSIBLE")),
    ],
)
def test_only_what_both_have_proved_is_certain(
    sought: dict[Contact, bool], row: UpstreamCustomer, wanted: tuple[str, str]
) -> None:
    assert judged(sought, row) == [wanted]


def test_who_shares_nothing_is_no_candidate() -> None:
    assert judged({MAIL: True}, theirs(other=True), theirs(phone=True)) == []


def test_a_number_that_a_system_has_twice_proves_nobody() -> None:
    rows = theirs("1", phone=True), theirs("2", phone=True)
    assert judged({PHONE: True}, *rows) == [("VERIFIED_PHONE", "LIKELY")] * 2


def test_a_number_does_not_prove_against_another_address_that_was_proved() -> None:
    sought = {PHONE: True, MAIL: True}
    assert judged(sought, theirs(phone=True, other=True)) == [("VERIFIED_PHONE", "LIKELY")]
    assert judged(sought, theirs(phone=True, other=False)) == [("VERIFIED_PHONE", "CERTAIN")]


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        ("Ada Byron", "BYRON ADA", True),
        ("J\u00fcrgen M\u00fcller", "Jurgen Muller", True),
        ("Ada Byron", "Ada Byrom", True),
        ("Ada Byron", "Bob Byron", False),
        ("", "Ada", False),
        ("", "", False),
    ],
)
def test_names_are_alike_give_or_take(one: str, other: str, *, are: bool) -> None:
    assert alike(one, other) is are
