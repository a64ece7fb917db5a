"""A partner and the house see how it is doing; a partner sees nothing of another's."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType

from app.api.access import FIELDS, PARTNERS
from app.api.schema import build_schema, core
from app.principals.keys import KNOWN_FOR, USED_EVERY, ApiKeys
from app.store import Store
from app.values import PrincipalKind
from tests.partners.selling import ACME, ZETA, Market, limited, market
from tests.partners.selling import PARTNERS as TERMS
from tests.promises.worlds import MONDAY
from tests.staff import STAFF, as_

PARTNER = PrincipalKind.PARTNER
KEY = "id name createdAt expiresAt revokedAt lastUsedAt"
PAGE = "pageInfo { endCursor hasNextPage } edges { node { number reference } }"
EVERYTHING = f"""name itemCount lookedAt toldSeq acknowledgedSeq acknowledgedAt behind lag
  orders(first: 100) {{ {PAGE} }} keys {{ {KEY} }}
  usage {{ day ordersToday openOrders unitsToday openUnits eventsToday
    limits {{ openUnits unitsADay ordersADay }} skus {{ sku openUnits unitsToday left }} }}"""
EVENT = "__typename ... on StreamEvent { cursor }"
# What a partner may ask that others may not, and what all may ask that is about orders.
QUESTIONS = {
    "Query.partner": f"{{ partner {{ {EVERYTHING} }} }}",
    "Query.assortmentEvents": f"""{{ assortmentEvents(first: 100) {{ cursor events {{ {EVENT}
      ... on AssortmentSnapshot {{ items {{ sku prices {{ amount }} }} }} }} }} }}""",
    "Query.orderEvents": f"""{{ orderEvents(first: 100) {{ cursor events {{ {EVENT}
      ... on OrderSnapshot {{ orders {{ number reference partner }} }} }} }} }}""",
    "Query.orders": "{ orders { edges { node { number reference } } } }",
}
ACTS = {  # tried with another's cursors, numbers and references where there are mutations
    *("Mutation.partnerCursorAck", "Mutation.partnerOrderPlace", "Mutation.partnerOrderCancel"),
    "Subscription.assortmentEvents",  # as the query
}
BY = {"acme": ACME, "zeta": ZETA}
OWN: dict[str, Any] = {
    "acme": {**TERMS["acme"], "skus": ["A"]},
    "zeta": {**TERMS["zeta"], "skus": ["B"]},
}


async def busy(there: Market) -> dict[str, list[str]]:
    """Two partners with orders and keys; what tells of each of them."""
    marks: dict[str, list[str]] = {}
    for name, sku in (("acme", "A"), ("zeta", "B")):
        made = await there.gateway.gateway.services.keys.create(
            PARTNER, name, lasts=timedelta(days=9), name=f"key-of-{name}"
        )
        done = await there.place(f"ref-of-{name}", BY[name], lines=[{"sku": sku, "quantity": 1}])
        assert done["__typename"] == "PartnerOrderPlaced", done
        item = f'"sku":"{sku}"'
        marks[name] = [f"of-{name}", done["order"]["number"], made.key.id, f'"{name}"', item]
    return marks


def test_everything_that_partners_alone_may_ask_is_tried() -> None:
    theirs = {name for name, kinds in FIELDS.items() if kinds == PARTNERS}
    assert theirs <= QUESTIONS.keys() | ACTS
    schema = core(build_schema())
    for name in ("Partner", "PartnerKey", "PartnerUsage", "PartnerLimits", "PartnerSkuUsage"):
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        assert all(field in EVERYTHING for field in type_.fields), name


@pytest.mark.parametrize(("mine", "other"), list(permutations(BY)))
async def test_a_partner_sees_nothing_of_anothers(store: Store, mine: str, other: str) -> None:
    lists = {"acme-eur": {"currency": "EUR", "prices": {"A": "12.50", "B": "20.00"}}}
    lists["acme-gbp"] = {"currency": "GBP", "prices": {"A": "11.00"}}
    async with market(store, partners=OWN, pricing={"lists": lists}) as there:
        marks = await busy(there)
        told = {
            name: orjson.dumps(await there.data(text, BY[mine])).decode()
            for name, text in QUESTIONS.items()
        }
        number = marks[other][1]
        looked = await there.data(
            "query($n: ID!) { order(number: $n) { state } }", BY[mine], n=number
        )

    for name, text in told.items():
        assert not [one for one in marks[other] if one in text], name
    seen = "".join(told.values())
    assert [one for one in marks[mine] if one not in seen] == []
    assert looked == {"order": None}


@pytest.mark.parametrize("kind", [one for one in PrincipalKind if one is not PARTNER], ids=str)
async def test_nobody_but_partners_sells_for_the_house(store: Store, kind: PrincipalKind) -> None:
    async with market(store) as there:
        placing = """mutation($input: PartnerOrderPlaceInput!) {
          partnerOrderPlace(input: $input) { __typename } }"""
        told = await there.post(placing, as_(kind), input=None)

    code = "UNAUTHENTICATED" if kind is PrincipalKind.GUEST else "FORBIDDEN"
    assert [one["extensions"]["code"] for one in told["errors"]] == [code]


async def test_a_stranger_who_is_a_partner_elsewhere_sells_nothing(store: Store) -> None:
    async with market(store) as there:
        asked = {
            "reference": "R-1",
            "lines": [],
            "buyer": {"name": "A", "email": "a@example.com"},
            "address": {"lines": ["1"], "city": "Milano", "country": "IT"},
            "idempotencyKey": "k" * 20,
        }
        placing = """mutation($input: PartnerOrderPlaceInput!) {
          partnerOrderPlace(input: $input) { __typename } }"""
        told = await there.post(placing, as_(PARTNER, "stranger"), input=asked)

    assert [one["extensions"]["code"] for one in told["errors"]] == ["PARTNER_UNKNOWN"]


async def test_usage_and_lag_are_told_to_the_partner_and_to_the_house(store: Store) -> None:
    partners = limited(open_units=5, orders_a_day=9)
    async with market(store, partners=partners) as there:
        before = await there.data(f"{{ partner {{ {EVERYTHING} }} }}", ACME)
        await there.placed("R-1", lines=[{"sku": "A", "quantity": 2}])
        await there.placed("R-2", lines=[{"sku": "B", "quantity": 1}])
        await there.cancel(reference="R-2")
        there.clock.now += timedelta(minutes=3)
        told = (await there.data(f"{{ partner {{ {EVERYTHING} }} }}", ACME))["partner"]
        listed = (await there.data(f"{{ partners {{ {EVERYTHING} }} }}", STAFF))["partners"]
        operator = await there.data(
            f"{{ partners {{ {EVERYTHING} }} }}", as_(PrincipalKind.OPERATOR)
        )

    assert before["partner"]["behind"] == 3  # three items, of which it has said nothing
    assert before["partner"]["lag"] == "PT0S"
    assert told["behind"] == 5
    assert told["lag"] == "PT3M"
    assert told["usage"] == {
        "day": "2026-11-23T00:00:00+00:00",
        "ordersToday": 2,
        "openOrders": 2,
        "unitsToday": 3,
        "openUnits": 3,
        "eventsToday": 10,
        "limits": {"openUnits": 5, "unitsADay": None, "ordersADay": 9},
        "skus": [
            {"sku": "A", "openUnits": 2, "unitsToday": 2, "left": 3},
            {"sku": "B", "openUnits": 1, "unitsToday": 1, "left": 4},
        ],
    }
    assert {one["node"]["reference"] for one in told["orders"]["edges"]} == {"R-1", "R-2"}
    assert [one["name"] for one in listed] == ["acme", "zeta"]
    assert listed[0] == told
    assert operator["partners"] == listed


async def test_its_orders_come_in_pages_and_by_state(store: Store) -> None:
    text = f"""query($first: Int, $after: String, $states: [OrderState!]) {{ partner {{
      orders(first: $first, after: $after, states: $states) {{ {PAGE} }} }} }}"""
    async with market(store) as there:
        for number in range(3):
            await there.placed(f"R-{number}")
            there.clock.now += timedelta(seconds=1)
        await there.cancel(reference="R-1")
        first = (await there.data(text, ACME, first=2))["partner"]["orders"]
        after = first["pageInfo"]["endCursor"]
        rest = (await there.data(text, ACME, first=2, after=after))["partner"]["orders"]
        stopping = (await there.data(text, ACME, states=["CANCELLING"]))["partner"]["orders"]
        wrong = await there.post(text, ACME, after="nowhere")

    refs = [[one["node"]["reference"] for one in page["edges"]] for page in (first, rest, stopping)]
    assert refs == [["R-2", "R-1"], ["R-0"], ["R-1"]]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_keys_are_told_by_name_and_last_use_and_never_their_secret(store: Store) -> None:
    async with market(store) as there:
        keys = there.gateway.gateway.services.keys
        made = await keys.create(PARTNER, "acme", lasts=timedelta(days=900), name="erp-2026")
        unused = await keys.create(PARTNER, "acme", lasts=timedelta(days=900))
        asked = {"authorization": f"Bearer {made.text}"}
        told = await there.data(f"{{ partner {{ keys {{ {KEY} }} }} }}", asked)
        await keys.revoke(unused.key.id)
        again = await there.data(f"{{ partner {{ keys {{ {KEY} }} }} }}", asked)

    by_id = {one["id"]: one for one in told["partner"]["keys"]}
    assert by_id.keys() == {made.key.id, unused.key.id}
    assert by_id[made.key.id]["name"] == "erp-2026"
    assert by_id[made.key.id]["lastUsedAt"] is not None
    assert by_id[made.key.id]["expiresAt"] == made.key.expires_at.isoformat()
    assert (by_id[unused.key.id]["name"], by_id[unused.key.id]["lastUsedAt"]) == (None, None)
    assert {one["id"]: one["revokedAt"] for one in again["partner"]["keys"]}[unused.key.id]
    text = str([told, again])
    assert made.text.split("_", 2)[2] not in text
    assert made.key.hashed.hex() not in text


async def test_the_use_of_a_key_is_written_once_a_minute(store: Store) -> None:
    now = [timedelta()]
    keys = ApiKeys(store, lambda: MONDAY + now[0])
    made = await keys.create(PARTNER, "acme", lasts=timedelta(days=9))
    seen = []
    for after in (timedelta(), KNOWN_FOR, USED_EVERY - KNOWN_FOR, USED_EVERY):
        now[0] = after
        await keys.principal(made.text)
        seen.append((await keys.of(PARTNER, "acme"))[0].last_used_at)

    assert seen == [MONDAY, MONDAY, MONDAY, MONDAY + USED_EVERY]
