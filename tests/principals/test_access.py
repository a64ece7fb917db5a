"""Who may read what? Every field has a rule, and what is closed is refused before anything runs."""

from collections import deque
from collections.abc import AsyncIterator

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_required_argument,
    parse,
)

from app.api.access import BITS, FIELDS, TYPES, kinds_of
from app.api.schema import build_schema, core
from app.api.sizes import SIZES
from app.engine.gate.analysis import analyse
from app.values import PrincipalKind
from tests.gateways import Asker, Retailer, gateway_over
from tests.staff import as_

SCHEMA = build_schema()
CORE: GraphQLSchema = core(SCHEMA)
Path = tuple[tuple[str, str], ...]
ROOTS = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
GUEST, STAFF = PrincipalKind.GUEST, PrincipalKind.STAFF


def composites() -> dict[str, GraphQLObjectType | GraphQLInterfaceType]:
    return {
        name: one
        for name, one in CORE.type_map.items()
        if isinstance(one, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
    }


def below(type_: GraphQLNamedType) -> set[str]:
    """The types whose fields can be asked for where this one is given."""
    objects = [type_] if isinstance(type_, GraphQLObjectType) else CORE.get_possible_types(type_)  # type: ignore[arg-type]
    return {type_.name} | {one.name for each in objects for one in (each, *each.interfaces)}


def edges() -> dict[str, list[tuple[str, str]]]:
    """By type, every field that gives it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, one in composites().items():
        for field_name, field in one.fields.items():
            if is_composite_type(given := get_named_type(field.type)):
                for each in below(given):
                    found.setdefault(each, []).append((name, field_name))
    return found


def paths() -> dict[str, Path]:
    """By type, the shortest way to it from a root."""
    known: dict[str, Path] = dict.fromkeys(ROOTS, ())
    waiting = deque(known)
    while waiting:
        name = waiting.popleft()
        for field_name, field in getattr(CORE.type_map[name], "fields", {}).items():
            if is_composite_type(given := get_named_type(field.type)):
                for each in below(given) - known.keys():
                    known[each] = (*known[name], (name, field_name))
                    waiting.append(each)
    return known


EDGES, PATHS = edges(), paths()


def document(path: Path) -> str:
    """What asks along a path; every step says of which type it is."""
    text = ""
    for type_, field in reversed(path):
        definition: GraphQLField = CORE.type_map[type_].fields[field]  # type: ignore[attr-defined]
        needed = [name for name, one in definition.args.items() if is_required_argument(one)]
        given = ", ".join(f"{name}: $v" for name in needed)
        asked = f"{field}({given})" if given else field
        if not text and is_composite_type(get_named_type(definition.type)):
            text = " { __typename }"
        text = f" {{ ... on {type_} {{ {asked}{text} }} }}"
    return f"{ROOTS[path[0][0]]}{text}"


def open_to(path: Path) -> int:
    ((_, tally),) = analyse(parse(document(path)), CORE, SIZES, SCHEMA.access).operations
    return tally.open_to


def ways_to(type_: str) -> list[Path]:
    """By every field that gives it, each reached in the shortest way."""
    if type_ in ROOTS:
        return [()]
    return [(*PATHS[owner], (owner, field)) for owner, field in EDGES[type_]]


def test_rules_are_for_what_is_there() -> None:
    there = {f"{name}.{field}" for name, one in composites().items() for field in one.fields}
    assert set(FIELDS) <= there
    assert set(TYPES) <= set(composites())


def test_every_field_is_closed_to_all_who_may_not_read_it_on_every_way_to_it() -> None:
    cells = 0
    for name, one in composites().items():
        for path in ((*way, (name, field)) for field in one.fields for way in ways_to(name)):
            found = open_to(path)
            for kind, bit in BITS.items():
                may = all(kind in kinds_of(*step) for step in path)
                assert bool(found & bit) is may, (kind, path)
                cells += 1
    assert cells > 5_000


@pytest.mark.parametrize(
    "text",
    [
        "{ upstreams { name } }",
        "{ __typename ...F } fragment F on Query { u: upstreams { name } }",
        "{ ... { ... on Query { upstreams { name } } } }",
        "{ upstreams @include(if: false) { name } }",
        "query Q { ...A } fragment A on Query { ...B } fragment B on Query { upstreams { name } }",
        "{ upstreams @skip(if: true) { __typename } __typename }",
    ],
)
async def test_however_it_is_written_it_is_closed(house: Asker, text: str) -> None:
    refused = await house.post(text)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert error["message"].endswith("leave it out, or sign in as one.")
    assert "data" not in refused.json()


@pytest.fixture
async def house() -> AsyncIterator[Asker]:
    async with gateway_over({"shop": Retailer()}) as ask:
        yield ask


@pytest.mark.parametrize("kind", PrincipalKind)
async def test_the_house_alone_sees_its_systems(house: Asker, kind: PrincipalKind) -> None:
    told = await house.http.post(
        "/graphql", json={"query": "{ upstreams { name } }"}, headers=as_(kind)
    )
    if kind in {STAFF, PrincipalKind.OPERATOR}:
        assert told.json()["data"] == {"upstreams": [{"name": "shop"}]}
        return
    code, status = ("UNAUTHENTICATED", 401) if kind is GUEST else ("FORBIDDEN", 403)
    assert told.status_code == status
    (error,) = told.json()["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"] == (
        "name, upstreams may be read by STAFF, OPERATOR: leave it out, or sign in as one."
    )


async def test_an_answer_for_the_house_is_kept_for_nobody_else(house: Asker) -> None:
    text = '{ upstreams { name } product(handle: "a") { name } }'
    first = await house.http.post("/graphql", json={"query": text}, headers=as_(STAFF))
    after = await house.post(text)
    assert first.status_code == 200
    assert "public" not in first.headers.get("cache-control", "")
    assert after.status_code == 401


async def test_a_forged_token_is_refused_even_where_a_guest_may_ask(house: Asker) -> None:
    told = await house.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"authorization": "Bearer a.b.c"}
    )
    assert told.status_code == 401
    assert told.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert [one["extensions"]["code"] for one in told.json()["errors"]] == ["UNAUTHENTICATED"]
