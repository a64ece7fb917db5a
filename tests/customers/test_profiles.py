"""What customers say of themselves, wish for and agree to; and nobody says it for another."""

from pathlib import Path
from typing import Any

import pytest

from app.api.nodes import key_of
from app.values import CustomerId, PrincipalKind
from tests.customers.shoppers import STAFF_SEES, a_key, house, shopper
from tests.staff import as_

EVE, ADA = shopper("eve"), shopper("ada")


async def test_what_is_left_out_stays_and_null_takes_away(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        me = await at.registered(ADA, givenName="Ada", familyName="Byron", locale="de-CH")
        address = {"lines": ["Via Roma 1"], "city": "Verona", "country": "IT"}
        profile: dict[str, Any] = {
            "familyName": None,
            "addresses": [address],
            "sizes": [{"what": "shoes", "size": "42"}],
        }
        given = {"version": me["version"], "profile": profile}
        after = (await at.done(at.by(ADA), "customerUpdate", **given))["customer"]
        assert (after["givenName"], after["familyName"], after["locale"]) == ("Ada", None, "de-CH")
        assert after["addresses"] == [address]
        assert after["sizes"] == [{"what": "shoes", "size": "42"}]
        assert after["version"] == me["version"] + 1
        again = await at.done(at.by(ADA), "customerUpdate", **given)
        assert (again["code"], again["__typename"]) == (
            "CUSTOMER_VERSION_CONFLICT",
            "CustomerVersionConflict",
        )


async def test_a_contact_is_one_however_it_is_written_and_goes_again(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        added = [
            {"phone": "+44 7700 900001"},
            {"phone": "0044 (7700) 900-001"},
            {"email": "Ada@Example.com"},
        ]
        me = await at.registered(ADA, contactsAdd=added)
        assert [one["value"] for one in me["contacts"]] == ["ada@example.com", "+447700900001"]
        assert not any(one["verified"] for one in me["contacts"])
        gone = {"contactsRemove": [{"email": "ADA@example.com"}]}
        given = {"version": me["version"], "profile": gone}
        after = (await at.done(at.by(ADA), "customerUpdate", **given))["customer"]
        assert [one["value"] for one in after["contacts"]] == ["+447700900001"]


@pytest.mark.parametrize(
    ("profile", "path"),
    [
        ({"contactsAdd": [{"email": "nobody"}]}, ["input", "email"]),
        ({"contactsAdd": [{"phone": "call me"}]}, ["input", "phone"]),
        ({"contactsAdd": [{"loyaltyCard": "!"}]}, ["input", "loyaltyCard"]),
        ({"givenName": ""}, ["input", "profile", "given_name"]),
        ({"givenName": "a\x00"}, ["input", "profile", "given_name"]),
        ({"givenName": "a" * 101}, ["input", "profile", "given_name"]),
        ({"locale": "no tag"}, ["input", "profile", "locale"]),
        ({"locale": "de" + 5 * "-subtags"}, ["input", "profile", "locale"]),
        ({"notes": "for staff"}, ["input", "profile", "notes"]),
        ({"contactsVerified": True}, ["input", "profile", "contactsVerified"]),
        ({"sizes": [{"what": str(n), "size": "1"} for n in range(51)]}, ["input", "sizes"]),
    ],
)
async def test_what_cannot_be_is_a_problem_that_repeats_nothing(
    tmp_path: Path, profile: dict[str, Any], path: list[str]
) -> None:
    async with house(tmp_path) as at:
        given = {"profile": profile, "idempotencyKey": a_key()}
        done = await at.done(at.by(ADA), "customerRegister", **given)
        assert (done["code"], done["path"]) == ("INVALID_INPUT", path)
        assert "nobody" not in done["message"]
        assert "call me" not in done["message"]


async def test_the_last_word_counts_and_all_words_are_kept(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        me = await at.registered(ADA)
        said = {"purpose": "MARKETING", "channel": "EMAIL", "source": "checkout"}
        await at.done(at.by(ADA), "consentSet", granted=True, wording="news-3", **said)
        by_staff = {**said, "source": "store", "customerId": me["id"]}
        done = await at.done(at.staff, "consentSet", granted=False, **by_staff)
        assert done["customer"]["consents"] == [
            {
                "purpose": "MARKETING",
                "channel": "EMAIL",
                "granted": False,
                "saidBy": "STAFF",
                "source": "store",
                "wording": None,
            }
        ]
        profiles = at.sandbox.gateway.services.people.profiles
        customers = at.sandbox.gateway.services.customers
        known = await customers.find([CustomerId(key_of(me["id"], "Customer"))])
        (kept,) = [await profiles.agreed(one) for one in known.values()]
        assert [(one.granted, one.by, one.wording) for one in kept] == [
            (True, "CUSTOMER", "news-3"),
            (False, "STAFF", None),
        ]


async def test_wishes_come_and_go_however_often_they_are_said(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(ADA)
        for sku in ("A-1", "B-2", "A-1"):
            done = await at.done(at.by(ADA), "wishlistAdd", sku=sku)
        assert sorted(one["sku"] for one in done["customer"]["wishlist"]) == ["A-1", "B-2"]
        for _ in range(2):
            done = await at.done(at.by(ADA), "wishlistRemove", sku="A-1")
        assert done["customer"]["wishlist"] == [{"sku": "B-2"}]


@pytest.mark.parametrize("name", ["wishlistAdd", "wishlistRemove"])
@pytest.mark.parametrize("sku", ["A\x00", "A\n1"])
async def test_what_cannot_be_a_sku_is_neither_wished_for_nor_taken_off(
    tmp_path: Path, name: str, sku: str
) -> None:
    async with house(tmp_path) as at:
        await at.registered(ADA)
        done = await at.done(at.by(ADA), name, sku=sku)
        assert (done["code"], done["path"]) == ("INVALID_INPUT", ["input", "sku"])


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("customerUpdate", {"version": 1, "profile": {"givenName": "Eve"}}),
        (
            "consentSet",
            {"purpose": "MARKETING", "channel": "SMS", "granted": True, "source": "web"},
        ),
        ("wishlistAdd", {"sku": "A-1"}),
        ("wishlistRemove", {"sku": "A-1"}),
    ],
)
async def test_nobody_speaks_for_another_and_foreign_looks_like_missing(
    tmp_path: Path, name: str, given: dict[str, Any]
) -> None:
    async with house(tmp_path) as at:
        ada = await at.registered(ADA)
        await at.registered(EVE)
        foreign = await at.done(at.by(EVE), name, customerId=ada["id"], **given)
        missing = await at.done(at.by(EVE), name, customerId="Q3VzdG9tZXI6bm9uZQ==", **given)
        assert foreign == missing
        assert foreign["code"] == "CUSTOMER_NOT_FOUND"
        nobody = await at.done(at.staff, name, **given)
        assert nobody["path"] == ["input", "customerId"]
        stranger = await at.done(at.by(shopper("not registered")), name, **given)
        assert stranger["code"] == "CUSTOMER_NOT_FOUND"


@pytest.mark.parametrize("kind", [PrincipalKind.GUEST, PrincipalKind.PARTNER])
async def test_others_are_told_nothing_of_customers(tmp_path: Path, kind: PrincipalKind) -> None:
    async with house(tmp_path) as at:
        ada = await at.registered(ADA)
        for text in (
            "query Q($id: ID) { customer(id: $id) { id } }",
            "query Q($id: ID) { me { id } customer(id: $id) { __typename } }",
            f"query Q($id: ID) {{ customer(id: $id) {{ {STAFF_SEES} }} }}",
        ):
            body = await at.by(as_(kind))(text, id=ada["id"])
            assert body["errors"][0]["extensions"]["code"] in {"UNAUTHENTICATED", "FORBIDDEN"}
            assert "data" not in body


async def test_a_customer_does_not_see_what_is_for_staff(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(ADA)
        body = await at.by(ADA)(f"{{ me {{ {STAFF_SEES} }} }}")
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
