"""Whom Square's directory knows, what it tells of them, and how it forgets them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import UpstreamBroken, UpstreamError, UpstreamRefused, UpstreamUnavailable
from app.ports import (
    Address,
    Contact,
    ContactKind,
    CustomerKey,
    Erasure,
    KeptRecord,
    KnownContact,
    RejectedRow,
    UpstreamCustomer,
)
from app.values import CountryCode
from connectors.square.specimen_desk import RefusedError
from connectors.square.specimen_loyalty import ALICE
from connectors.square.specimen_people import ALICIA, DARIA, KEYS, VASILY
from tests.connectors.square.seller import Seller, a_seller

SEARCH, BULK = "/v2/customers/search", "/v2/customers/bulk-retrieve"
NOBODY = CustomerKey("NOBODY")
QUILL = Contact(ContactKind.EMAIL, "daria.quill@example.com")
CALLED = Contact(ContactKind.PHONE, "+353850000004")


async def found(seller: Seller, *contacts: Contact) -> list[str]:
    return [one.key for one in (await seller.connection.find(contacts)).rows]


async def test_a_profile_is_told_with_contacts_in_the_form_that_is_compared() -> None:
    async with a_seller() as seller:
        answer = await seller.connection.customers([KEYS[0]])

    assert answer.rows == (
        UpstreamCustomer(
            key=KEYS[0],
            given_name="Daria",
            family_name="Quill",
            contacts=(KnownContact(contact=QUILL), KnownContact(contact=CALLED)),
            addresses=(
                Address(
                    lines=("7 Quay Street",),
                    postal_code="H91 E2R6",
                    city="Galway",
                    country=CountryCode("IE"),
                ),
            ),
            since=datetime(2025, 2, 3, 10, 15, 54, 590000, tzinfo=UTC),
            groups=("GROUP-CLIMBERS",),
        ),
    )


async def test_a_number_without_its_country_matches_nothing_unless_we_know_the_country() -> None:
    async with a_seller(customers={}) as seller:
        (told,) = (await seller.connection.customers([KEYS[0]])).rows
        nobody = await found(seller, CALLED)

    assert Contact(ContactKind.PHONE, "085 000 0004") in {one.contact for one in told.contacts}
    assert nobody == []


async def test_a_contact_finds_all_who_have_it_and_a_card_nobody() -> None:
    async with a_seller() as seller:
        people = seller.square.people.profiles
        people["TWIN"] = {**people[DARIA], "id": "TWIN", "phone_number": ALICE}
        by_mail = await found(seller, QUILL, Contact(ContactKind.LOYALTY_CARD, "4000123"))
        by_both = await found(seller, QUILL, Contact(ContactKind.PHONE, ALICE), QUILL)
        nobody = await found(seller, Contact(ContactKind.EMAIL, "nobody@example.com"))
        no_number = await found(seller, Contact(ContactKind.PHONE, "085 000 0004"))

    assert by_mail == [DARIA, "TWIN"]
    assert sorted(by_both) == sorted([DARIA, "TWIN", ALICIA])
    assert (nobody, no_number) == ([], [])
    assert len(seller.asked(SEARCH)) == 1 + 2 + 1


@pytest.mark.parametrize(("count", "calls"), [(3, [3]), (100, [100]), (101, [100, 1])])
async def test_a_hundred_profiles_are_read_at_once(count: int, calls: list[int]) -> None:
    async with a_seller() as seller:
        keys = [*KEYS, *(CustomerKey(f"NONE-{number}") for number in range(count - len(KEYS)))]
        answer = await seller.connection.customers([*keys, *keys])

    assert {one.key for one in answer.rows} == set(KEYS)
    assert answer.rejected == ()
    assert [len(one.body["customer_ids"]) for one in seller.asked(BULK)] == calls


async def test_a_profile_under_another_id_and_one_that_failed_are_not_told() -> None:
    async with a_seller() as seller:
        people = seller.square.people
        people.profiles[VASILY] = {**people.profiles[VASILY], "id": "MERGED"}
        retrieve = people._retrieve

        def failing(asked: dict[str, Any]) -> dict[str, Any]:
            broken = RefusedError("INTERNAL_SERVER_ERROR", category="API_ERROR").document
            return {"responses": {**retrieve(asked)["responses"], ALICIA: broken}}

        seller.square.handlers["POST", BULK] = failing
        answer = await seller.connection.customers(KEYS)

    assert [one.key for one in answer.rows] == [DARIA]
    assert answer.rejected == (RejectedRow(ALICIA, "answered with INTERNAL_SERVER_ERROR"),)


async def test_an_export_is_all_that_square_tells() -> None:
    async with a_seller() as seller:
        answer = await seller.connection.export([KEYS[0], KEYS[1], NOBODY])
        profiles = seller.square.people.profiles
        alice = seller.square.loyalty.accounts["ACCOUNT-1"].told()

    daria, alicia = answer.rows
    assert daria.documents["customer"] == profiles[DARIA]
    assert [one["value"] for one in daria.documents["custom_attributes"]] == ["climbing"]
    assert daria.documents["loyalty_accounts"] == daria.documents["loyalty_events"] == []
    assert alicia.documents["loyalty_accounts"] == [alice]
    assert [one["type"] for one in alicia.documents["loyalty_events"]] == ["ADJUST_POINTS"]


async def test_an_export_that_is_not_whole_is_none() -> None:
    async with a_seller(lying=True) as seller:
        seller.square.loyalty.events[0].pop("id")
        with pytest.raises(UpstreamBroken, match="with a row without id"):
            await seller.connection.export([KEYS[1]])


async def test_whoever_is_forgotten_is_gone_and_stays_so() -> None:
    async with a_seller() as seller:
        told = [await seller.connection.erase(KEYS[0]) for _ in range(2)]
        nobody = await seller.connection.erase(NOBODY)
        after = await found(seller, QUILL)

    assert told == [Erasure(key=KEYS[0], kept=frozenset({KeptRecord.SALES}))] * 2
    assert nobody == Erasure(key=NOBODY, kept=frozenset({KeptRecord.SALES}))
    assert (after, DARIA in seller.square.people.profiles) == ([], False)


async def test_a_member_is_not_forgotten_as_long_as_the_programme_names_them() -> None:
    async with a_seller() as seller:
        with pytest.raises(UpstreamRefused, match="has a loyalty account"):
            await seller.connection.erase(KEYS[1])
        kept = ALICIA in seller.square.people.profiles
        seller.square.loyalty.accounts.pop("ACCOUNT-1")
        await seller.connection.erase(KEYS[1])

    assert (kept, ALICIA in seller.square.people.profiles) == (True, False)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"message": "no such route"}, UpstreamRefused),
        (RefusedError("INTERNAL_SERVER_ERROR", category="API_ERROR").document, UpstreamUnavailable),
    ],
)
async def test_a_404_that_is_not_of_the_profile_forgets_nobody(
    document: dict[str, Any], kind: type[UpstreamError]
) -> None:
    refused = RefusedError("NOT_FOUND", status=404)
    refused.document = document
    async with a_seller(lying=True) as seller:

        def fail(*_: object) -> dict[str, Any]:
            raise refused

        seller.square.handlers["DELETE", "/v2/customers/{customer_id}"] = fail
        with pytest.raises(kind):
            await seller.connection.erase(KEYS[0])

    assert DARIA in seller.square.people.profiles
