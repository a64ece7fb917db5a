"""One person in several systems: linked when that is certain, suggested when it is not."""

from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from tests.customers.shoppers import (
    STAFF_SEES,
    House,
    a_key,
    house,
    known_to_both,
    proved,
    shopper,
)

CANDIDATES = """suggestions { silent
  candidates { identityId source customerId evidence confidence contacts { value } } }"""


async def sees(at: House, customer: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = await at.seen(customer["id"], STAFF_SEES)
    return [(one["source"], one["evidence"], one["confidence"]) for one in found["identities"]]


async def suggested(at: House, customer: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = (await at.seen(customer["id"], CANDIDATES))["suggestions"]["candidates"]
    return [(one["source"], one["evidence"], one["confidence"]) for one in found]


async def test_an_address_that_both_sides_have_proved_links_by_itself(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        me = await at.registered(proved(ada), givenName=ada.given)
        assert me["contacts"] == [{"kind": "EMAIL", "value": ada.email, "verified": True}]
        assert await sees(at, me) == [
            ("sign-in", "SIGN_IN", "CERTAIN"),
            ("shop", "VERIFIED_EMAIL", "CERTAIN"),
            ("tills", "VERIFIED_EMAIL", "CERTAIN"),
        ]
        assert await suggested(at, me) == []


async def test_what_one_side_has_not_seen_proved_is_only_suggested(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=False, checked=True)
    async with house(tmp_path) as at:
        name = {"givenName": ada.given, "familyName": ada.family}
        me = await at.registered(proved(ada), **name)
        assert ("shop", "UNVERIFIED_CONTACT", "LIKELY") in await suggested(at, me)
        assert [one for one, _, _ in await sees(at, me)] == ["sign-in", "tills"]
        claimed = await at.registered(shopper("claims"), contactsAdd=[{"email": ada.email.upper()}])
        assert [one for one, _, _ in await sees(at, claimed)] == ["sign-in"]
        assert await suggested(at, claimed) == [
            ("shop", "UNVERIFIED_CONTACT", "POSSIBLE"),
            ("tills", "UNVERIFIED_CONTACT", "POSSIBLE"),
        ]


async def test_a_token_that_does_not_say_proved_proves_nothing(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        for said in (None, False, "true", 1):
            claims = {"email": ada.email, "email_verified": said}
            me = await at.registered(shopper(f"says-{said}", **claims))
            assert me["contacts"] == []


async def test_a_loyalty_card_that_staff_has_seen_links_the_tills(tmp_path: Path) -> None:
    ada = known_to_both()
    async with house(tmp_path) as at:
        card = f"{ada.card[:5]}-{ada.card[5:]}".lower()
        profile = {"contactsAdd": [{"loyaltyCard": card}], "contactsVerified": True}
        given = {"profile": profile, "idempotencyKey": a_key()}
        done = await at.done(at.staff, "customerRegister", **given)
        assert await sees(at, done["customer"]) == [("tills", "LOYALTY_CARD", "CERTAIN")]
        again = await at.done(at.staff, "customerRegister", **given)
        assert again["customer"]["id"] == done["customer"]["id"]
        query = "query Q($card: String) { customer(loyaltyCard: $card) { id } }"
        found = await at.staff.data(query, card=ada.card)
        assert found["customer"] == {"id": done["customer"]["id"]}


async def test_an_address_that_only_looks_the_same_is_another(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    strange = ada.email.replace("a", "\u0430", 1)
    async with house(tmp_path) as at:
        theirs = {"email": strange, "email_verified": True}
        other = await at.registered(shopper("homoglyph", **theirs))
        assert [one for one, _, _ in await sees(at, other)] == ["sign-in"]
        mine = await at.registered(proved(ada))
        query = """query Q($email: String) { customer(email: $email) { id }
          customerCandidates(email: $email) {
            candidates { source customerId evidence confidence } } }"""
        found = await at.staff.data(query, email=strange)
        assert found["customer"] == {"id": other["id"]}
        told = found["customerCandidates"]["candidates"]
        assert {
            "source": "tessera",
            "customerId": mine["id"],
            "evidence": "SIMILAR",
            "confidence": "POSSIBLE",
        } in told


async def test_what_staff_unlinks_is_not_linked_again_by_itself(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        me = await at.registered(proved(ada))
        found = (await at.seen(me["id"], STAFF_SEES))["identities"]
        (tills,) = [one["id"] for one in found if one["source"] == "tills"]
        given = {"customerId": me["id"], "identityId": tills}
        done = await at.done(at.staff, "customerUnlink", **given)
        assert [one["source"] for one in done["customer"]["identities"]] == ["sign-in", "shop"]
        again = await at.done(at.staff, "customerUnlink", **given)
        assert again["__typename"] == "IdentityNotFound"
        me = await at.registered(proved(ada))
        assert [one for one, _, _ in await sees(at, me)] == ["sign-in", "shop"]
        assert await suggested(at, me) == []
        done = await at.done(at.staff, "customerLink", **given)
        assert ("tills", "STAFF") in [
            (one["source"], one["evidence"]) for one in done["customer"]["identities"]
        ]


async def test_nobody_is_taken_from_another_customer(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        mine = await at.registered(proved(ada))
        other = await at.registered(shopper("other"))
        found = (await at.seen(mine["id"], STAFF_SEES))["identities"]
        (tills,) = [one["id"] for one in found if one["source"] == "tills"]
        given = {"customerId": other["id"], "identityId": tills}
        done = await at.done(at.staff, "customerLink", **given)
        assert done["__typename"] == "IdentityLinked"
        done = await at.done(at.staff, "customerLink", customerId=mine["id"], identityId=tills)
        assert done["__typename"] == "CustomerChanged"


async def test_whom_no_system_knows_cannot_be_linked(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        mine = await at.registered(shopper("mine"))
        found = await at.staff.data(
            """query Q($e: String) { customerCandidates(email: $e) {
              candidates { identityId source } } }""",
            e=ada.email,
        )
        told = found["customerCandidates"]["candidates"]
        (tills,) = [one["identityId"] for one in told if one["source"] == "tills"]
        at.sandbox.upstreams["tills"].break_with(Fault(kind="fail"))
        given = {"customerId": mine["id"], "identityId": tills}
        assert (await at.done(at.staff, "customerLink", **given))["code"] == "IDENTITY_NOT_FOUND"
        at.sandbox.upstreams["tills"].mend()
        for wrong in ("nothing", mine["id"]):
            given = {"customerId": mine["id"], "identityId": wrong}
            assert (await at.done(at.staff, "customerLink", **given))["code"] == "INVALID_INPUT"


async def test_a_silent_system_is_named_and_linked_later(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        at.sandbox.upstreams["tills"].break_with(Fault(kind="fail"))
        given = {"profile": {}, "idempotencyKey": a_key()}
        done = await at.done(at.by(proved(ada)), "customerRegister", **given)
        assert done["silent"] == ["tills"]
        assert [one for one, _, _ in await sees(at, done["customer"])] == ["sign-in", "shop"]
        at.sandbox.upstreams["tills"].mend()
        done = await at.done(at.by(proved(ada)), "customerRegister", **given)
        assert done["silent"] == []
        assert len(await sees(at, done["customer"])) == 3


async def test_mergers_are_taken_back_whole(tmp_path: Path) -> None:
    ada = known_to_both(confirmed=True, checked=True)
    async with house(tmp_path) as at:
        one = await at.registered(proved(ada), givenName="One")
        two = await at.registered(shopper("two"), givenName="Two")
        three = await at.registered(shopper("three"), givenName="Three")
        for source, into in ((one, two), (two, three)):
            given = {"customerId": source["id"], "intoId": into["id"]}
            done = await at.done(at.staff, "customerMerge", **given)
            assert done["__typename"] == "CustomerChanged"
        (me,) = (await at.by(proved(ada)).data("{ me { id givenName } }")).values()
        assert me == {"id": three["id"], "givenName": "Three"}
        merged = await at.seen(three["id"], STAFF_SEES)
        assert sorted(merged["mergedIds"]) == sorted([one["id"], two["id"]])
        assert len(merged["identities"]) == 5
        done = await at.done(at.staff, "customerUnmerge", customerId=two["id"])
        assert done["customer"]["id"] == two["id"]
        assert done["customer"]["mergedIds"] == [one["id"]]
        (me,) = (await at.by(proved(ada)).data("{ me { id } }")).values()
        assert me == {"id": two["id"]}
        done = await at.done(at.staff, "customerUnmerge", customerId=one["id"])
        assert len(done["customer"]["identities"]) == 3
        again = await at.done(at.staff, "customerUnmerge", customerId=one["id"])
        assert again["code"] == "CUSTOMER_NOT_MERGED"


async def test_no_merger_makes_a_circle(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        one, two, three = [await at.registered(shopper(each)) for each in ("1", "2", "3")]

        async def merged(source: dict[str, Any], into: dict[str, Any]) -> str:
            given = {"customerId": source["id"], "intoId": into["id"]}
            told = await at.done(at.staff, "customerMerge", **given)
            return str(told.get("code", "done"))

        assert await merged(one, one) == "CUSTOMERS_NOT_MERGEABLE"
        assert await merged(one, two) == "done"
        assert await merged(two, one) == "CUSTOMERS_NOT_MERGEABLE"
        assert await merged(one, two) == "CUSTOMERS_NOT_MERGEABLE"
        assert await merged(one, three) == "CUSTOMERS_NOT_MERGEABLE"
        assert await merged(three, one) == "CUSTOMERS_NOT_MERGEABLE"
        assert await merged(two, three) == "done"
        assert await merged({"id": "nothing"}, three) == "CUSTOMER_NOT_FOUND"


@pytest.mark.parametrize("kind", ["customerLink", "customerMerge", "customerUnmerge"])
async def test_only_staff_says_who_is_who(tmp_path: Path, kind: str) -> None:
    async with house(tmp_path) as at:
        kinds = kind[0].upper() + kind[1:]
        text = f"mutation M($i: {kinds}Input!) {{ {kind}(input: $i) {{ __typename }} }}"
        given = {
            "customerLink": {"customerId": "a", "identityId": "b"},
            "customerMerge": {"customerId": "a", "intoId": "b"},
            "customerUnmerge": {"customerId": "a"},
        }[kind]
        refused = await at.by(shopper("somebody"))(text, i=given)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
