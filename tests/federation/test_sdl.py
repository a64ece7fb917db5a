"""Federation's directives are written into a schema where they belong, and imported."""

import pytest
from graphql import GraphQLError, parse

from app.api.federation_sdl import OwnDirective, subgraph_sdl

SMALL = """\"A shop { sells }\"
type Shop implements Node & Place {
  id: ID!
  open(on: Day! = MONDAY, at: Time): [Hours!]! @deprecated(reason: "old")
}

interface Node { id: ID! }

enum Day { MONDAY }

input Wish { day: Day = MONDAY, hour: Int }

union Found = Shop

scalar Time @specifiedBy(url: "u")
"""


def test_directives_are_written_where_they_belong_and_imported_once() -> None:
    marks = {
        "Shop": '@key(fields: "id") @key(fields: "id name")',
        "Shop.id": "@external",
        "Shop.open": '@requires(fields: "id")',
        "Shop.open(on:)": '@tag(name: "a")',
        "Shop.open(at:)": "@inaccessible",
        "Node": '@key(fields: "id")',
        "Node.id": '@tag(name: "b")',
        "Day": '@tag(name: "c")',
        "Day.MONDAY": '@tag(name: "d")',
        "Wish": '@tag(name: "e")',
        "Wish.day": '@tag(name: "f")',
        "Wish.hour": '@tag(name: "g")',
        "Found": '@tag(name: "h")',
        "Time": '@tag(name: "i")',
    }

    written = subgraph_sdl(SMALL, marks)

    parse(written)
    assert (
        written
        == """extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", \
import: ["@external", "@inaccessible", "@key", "@requires", "@tag"])

"A shop { sells }"
type Shop implements Node & Place @key(fields: "id") @key(fields: "id name") {
  id: ID! @external
  open(on: Day! = MONDAY @tag(name: "a"), at: Time @inaccessible): [Hours!]! \
@requires(fields: "id") @deprecated(reason: "old")
}

interface Node @key(fields: "id") { id: ID! @tag(name: "b") }

enum Day @tag(name: "c") { MONDAY @tag(name: "d") }

input Wish @tag(name: "e") { day: Day = MONDAY @tag(name: "f"), hour: Int @tag(name: "g") }

union Found @tag(name: "h") = Shop

scalar Time @tag(name: "i") @specifiedBy(url: "u")
"""
    )


def test_a_directive_of_our_own_is_defined_and_kept_by_the_router() -> None:
    audited = OwnDirective(
        "@audited", "https://audit.example.com/v1", "directive @audited on OBJECT"
    )

    written = subgraph_sdl("type A { b: ID }\n", {"A": "@audited"}, version="2.3", own=[audited])

    parse(written)
    assert (
        written
        == """extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", \
import: ["@composeDirective"]) @link(url: "https://audit.example.com/v1", import: ["@audited"]) \
@composeDirective(name: "@audited")

directive @audited on OBJECT

type A @audited { b: ID }
"""
    )


def test_a_directive_without_a_place_is_a_mistake() -> None:
    marks = dict.fromkeys(("Shop.nope", "Stop", "Shop.open(in:)", "Day.FRIDAY"), "@shareable")

    with pytest.raises(ValueError, match=r"no Day\.FRIDAY, Shop\.nope, Shop\.open\(in:\), Stop"):
        subgraph_sdl(SMALL, marks)


def test_a_mark_that_is_no_directive_is_a_mistake() -> None:
    with pytest.raises(GraphQLError, match="Syntax Error"):
        subgraph_sdl(SMALL, {"Shop": "shareable"})
