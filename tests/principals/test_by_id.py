"""A person, and what is theirs, is found by id by themselves and by staff, and by nobody else."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.api.access import TYPES
from app.api.entities import ENTITIES, NODES
from app.api.nodes import key_of
from app.api.schema import federation_sdl
from app.store.auditing import entries
from app.values import PrincipalKind
from tests.appointments.test_asking import booked
from tests.customers.shoppers import House, house, shopper
from tests.staff import STAFF, as_

ADA, EVE = shopper("ada"), shopper("eve")
OTHERS = {
    "a guest": {},
    "another customer": EVE,
    "a partner": as_(PrincipalKind.PARTNER, "acme"),
    "an operator": as_(PrincipalKind.OPERATOR),
}
# What may be asked by everybody, however much or little of it.
ASKED = {
    "its id": "query Q($id: ID!) { found: node(id: $id) { __typename id } }",
    "as a place": "query Q($id: ID!) { found: node(id: $id) { ... on Location { name } } }",
    "among others": "query Q($id: ID!) { found: nodes(ids: [$id, $id]) { __typename } }",
    "by a router": """query Q($id: ID!) {
      found: _entities(representations: [{ __typename: "Customer", id: $id }]) {
        __typename ... on Location { name } } }""",
}


@dataclass
class Known:
    """What there is of somebody, by its type, with an id of the type that nobody has."""

    house: House
    ids: dict[str, str]

    async def answers(self, headers: dict[str, str], asked: str, type_: str) -> tuple[Any, Any]:
        """All that is told of what is somebody else's, and of what nobody has."""
        nobodys = b64encode(f"{type_}:{'x' * 24}".encode()).decode().rstrip("=")
        told = []
        for one in (self.ids[type_], nobodys):
            body = await self.house.by(headers).post(ASKED[asked], id=one)
            cached = {name: body.headers.get(name) for name in ("cache-control", "age")}
            told.append((body.status_code, body.json(), cached))
        return told[0], told[1]


@asynccontextmanager
async def somebody(folder: Path) -> AsyncIterator[Known]:
    async with house(folder) as at:
        ada = await at.registered(ADA, givenName="Ada")
        await at.registered(EVE)
        one = await booked(at, ADA)
        yield Known(at, {"Customer": ada["id"], "Appointment": one["id"]})


def test_all_that_is_of_a_person_and_has_an_id_is_tried() -> None:
    personal = {PrincipalKind.CUSTOMER, PrincipalKind.STAFF}
    assert {name for name in NODES if TYPES[name] == personal} == {"Customer", "Appointment"}
    assert NODES.keys() - ENTITIES.keys() == {"Appointment"}
    assert 'type Customer implements Node @key(fields: "id") @' in federation_sdl()


@pytest.mark.parametrize("type_", ["Customer", "Appointment"])
async def test_what_is_somebody_elses_is_like_what_nobody_has(tmp_path: Path, type_: str) -> None:
    async with somebody(tmp_path) as known:
        for asked, text in ASKED.items():
            if asked == "by a router" and type_ != "Customer":
                continue
            for headers in (ADA, STAFF):  # who may see it asks first
                found = (await known.house.by(headers).data(text, id=known.ids[type_]))["found"]
                assert found not in (None, [None], [None, None]), asked
            for who, headers in OTHERS.items():
                theirs, nobodys = await known.answers(headers, asked, type_)
                assert theirs == nobodys, (asked, who)
                assert theirs[1]["data"]["found"] in (None, [None], [None, None]), (asked, who)


async def test_who_asks_at_the_same_moment_gets_an_answer_of_their_own(tmp_path: Path) -> None:
    async with somebody(tmp_path) as known:
        callers = [ADA, EVE] * 5
        found = await asyncio.gather(
            *(
                known.house.by(one).data(ASKED["as a place"], id=known.ids["Customer"])
                for one in callers
            )
        )
        assert found == [{"found": {}}, {"found": None}] * 5


async def test_more_than_the_id_is_asked_by_whom_the_rules_let(tmp_path: Path) -> None:
    text = "query Q($id: ID!) { node(id: $id) { ... on Customer { givenName } } }"
    async with somebody(tmp_path) as known:
        for who in (ADA, STAFF):
            told = await known.house.by(who).data(text, id=known.ids["Customer"])
            assert told == {"node": {"givenName": "Ada"}}
        assert await known.house.by(EVE).data(text, id=known.ids["Customer"]) == {"node": None}
        for name in ("a guest", "a partner", "an operator"):
            refused = await known.house.by(OTHERS[name])(text, id=known.ids["Customer"])
            code = "UNAUTHENTICATED" if name == "a guest" else "FORBIDDEN"
            assert [one["extensions"]["code"] for one in refused["errors"]] == [code]
            assert "data" not in refused


async def test_what_staff_finds_by_an_id_is_written_down(tmp_path: Path) -> None:
    async with somebody(tmp_path) as known:
        kept = known.house.sandbox.gateway.store
        for asked, type_ in (("its id", "Customer"), ("by a router", "Customer")):
            before = len(await kept.read(lambda db: list(entries(db))))
            await known.house.staff.data(ASKED[asked], id=known.ids[type_])
            (one,) = (await kept.read(lambda db: list(entries(db))))[before:]
            assert (one.entry.what, one.entry.entity) == ("Read", key_of(known.ids[type_], type_))
        before = len(await kept.read(lambda db: list(entries(db))))
        location = b64encode(b"Location:ST-MIL").decode()
        assert (await known.house.staff.data(ASKED["its id"], id=location))["found"]
        assert len(await kept.read(lambda db: list(entries(db)))) == before


async def test_a_router_gets_objects_in_order_and_of_one_question(tmp_path: Path) -> None:
    text = """query Q($r: [_Any!]!) { _entities(representations: $r) {
      ... on Customer { givenName } ... on Location { code } } }"""
    async with somebody(tmp_path) as known:
        me = {"__typename": "Customer", "id": known.ids["Customer"]}
        asked = [me, {"__typename": "Location", "code": "ST-MIL"}, me]
        found = (await known.house.by(ADA).data(text, r=asked))["_entities"]
        assert found == [{"givenName": "Ada"}, {"code": "ST-MIL"}, {"givenName": "Ada"}]
        wrong = {"__typename": "Customer", "id": b64encode(b"Cart:x").decode()}
        (error,) = (await known.house.by(ADA)(text, r=[wrong]))["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_merged_record_finds_the_person_it_turned_out_to_be(tmp_path: Path) -> None:
    async with somebody(tmp_path) as known:
        ada = known.ids["Customer"]
        eve = (await known.house.by(EVE).data("{ me { id } }"))["me"]["id"]
        merge = {"customerId": ada, "intoId": eve}
        await known.house.done(known.house.staff, "customerMerge", **merge)
        for headers in (ADA, EVE):
            found = await known.house.by(headers).data(ASKED["its id"], id=ada)
            assert found["found"] == {"__typename": "Customer", "id": eve}
            seen = await known.house.by(headers).data(ASKED["its id"], id=known.ids["Appointment"])
            assert seen["found"]["__typename"] == "Appointment"
