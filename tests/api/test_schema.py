"""The schema is a promise: written down, described, and not broken by accident."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    parse,
    validate,
)

from app.api.changes import Change, Impact, changes
from app.api.examples import EXAMPLES
from app.api.schema import Schema, sdl
from app.errors import InvalidInputError

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema(sdl())
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
TYPES = {name: one for name, one in SCHEMA.type_map.items() if not name.startswith("__")}


def test_the_committed_schema_is_what_the_code_prints() -> None:
    assert (ROOT / "schema.graphql").read_text() == sdl() == sdl()


def test_nothing_released_is_broken() -> None:
    released = (ROOT / "tests/api/released.graphql").read_text()

    assert [change for change in changes(released, sdl()) if change.impact is Impact.BREAKING] == []


async def test_only_input_objects_are_or_are_not_one_of_their_fields() -> None:
    @strawberry.input(one_of=True)
    class Either:
        left: int | None = strawberry.UNSET
        right: int | None = strawberry.UNSET

    @strawberry.input
    class Both:
        either: Either

    @strawberry.type
    class Root:
        @strawberry.field
        def told(self, both: Both, either: Either) -> list[int]:
            return [len(vars(both)), len(vars(either))]

    kinds = ("Either", "Both", "Root", "Int", "__TypeKind")
    asked = [f'{name.strip("_")}: __type(name: "{name}") {{ isOneOf }}' for name in kinds]
    wrapped = '__type(name: "Root") { fields { type { isOneOf ofType { isOneOf } } } }'

    answer = await Schema(Root).execute(f"{{ {' '.join(asked)} {wrapped} }}")

    nothing = {"isOneOf": None}
    assert answer.data == {
        "Either": {"isOneOf": True},
        "Both": {"isOneOf": False},
        **dict.fromkeys(("Root", "Int", "TypeKind"), nothing),
        "__type": {"fields": [{"type": {**nothing, "ofType": nothing}}]},
    }


def undescribed(type_: GraphQLNamedType) -> list[str]:
    missing = [] if type_.description else [type_.name]
    if isinstance(type_, GraphQLEnumType):
        return missing + [f"{type_}.{n}" for n, v in type_.values.items() if not v.description]
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in type_.fields.items():
            missing += [] if field.description else [f"{type_}.{name}"]
            missing += [f"{type_}.{name}({n}:)" for n, a in field.args.items() if not a.description]
    if isinstance(type_, GraphQLInputObjectType):
        missing += [f"{type_}.{n}" for n, f in type_.fields.items() if not f.description]
    return missing


def test_everything_is_described() -> None:
    standard = {"String", "Int", "Float", "Boolean", "ID"}
    assert [
        gap for name, one in TYPES.items() if name not in standard for gap in undescribed(one)
    ] == []


def test_every_mutation_has_one_input_and_one_result_of_success_and_problems() -> None:
    mutation, problem = TYPES["Mutation"], TYPES["Problem"]
    assert isinstance(mutation, GraphQLObjectType)
    assert isinstance(problem, GraphQLInterfaceType)
    for name, field in mutation.fields.items():
        kind = name[0].upper() + name[1:]
        assert {arg: str(one.type) for arg, one in field.args.items()} == {"input": f"{kind}Input!"}
        assert str(field.type) == f"{kind}Result!"
        result = TYPES[f"{kind}Result"]
        assert isinstance(result, GraphQLUnionType)
        [success] = [one for one in result.types if problem not in one.interfaces]
        # or else a document that asks for both would not be valid
        assert not success.fields.keys() & problem.fields.keys()


def test_lists_are_non_null_of_non_null_but_for_what_is_asked_by_key() -> None:
    by_key = {"Query.nodes", "Query.variants"}
    loose = [
        f"{one}.{name}"
        for one in TYPES.values()
        if isinstance(one, GraphQLObjectType)
        for name, field in one.fields.items()
        if "[" in str(field.type)
        and not (
            isinstance(field.type, GraphQLNonNull)
            and isinstance(field.type.of_type, GraphQLList)
            and isinstance(field.type.of_type.of_type, GraphQLNonNull)
        )
    ]
    assert set(loose) == by_key


@pytest.mark.parametrize("title", [example.title for example in EXAMPLES])
def test_the_examples_are_valid(title: str) -> None:
    [example] = [one for one in EXAMPLES if one.title == title]
    assert validate(SCHEMA, parse(example.document)) == []


OLD = "type Query { a(x: Int): String b: Kind } enum Kind { ONE }"


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (
            "type Query { a(x: Int): String } enum Kind { ONE }",
            [Change(Impact.BREAKING, "Field Query.b was removed.")],
        ),
        (
            "type Query { a(x: Int): String b: Kind } enum Kind { ONE TWO }",
            [Change(Impact.DANGEROUS, "Enum value Kind.TWO was added.")],
        ),
        (
            "type Query { a(x: Int): String b: Kind c: Int } enum Kind { ONE }",
            [Change(Impact.SAFE, "Field Query.c was added.")],
        ),
        (OLD, []),
    ],
)
def test_changes_are_told_by_whom_they_concern(new: str, found: list[Change]) -> None:
    assert changes(OLD, new) == found


def test_the_worst_change_comes_first() -> None:
    new = "type Query { a(x: Int): String c: Int b: Kind } enum Kind { TWO }"

    assert [change.impact for change in changes(OLD, new)] == [
        Impact.BREAKING,
        Impact.DANGEROUS,
        Impact.SAFE,
    ]


@pytest.mark.parametrize("text", ["type Query {", "type A { b: Nope }", "{ a }", ""])
def test_what_is_no_schema_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InvalidInputError, match="the new file is not a schema"):
        changes(OLD, text)


@pytest.mark.parametrize("first", ["products", "cart_inputs", "customer_inputs"])
def test_the_schema_can_be_built_whatever_was_imported_first(first: str) -> None:
    code = f"import app.api.{first}\nfrom app.api.schema import sdl\nsdl()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603  our own code


@pytest.mark.parametrize("root", ["app", "connectors"])
def test_no_class_hides_a_name_that_its_annotations_read(root: str) -> None:
    """Python 3.14 reads annotations when the class is made, so a method would hide a module."""
    hidden = [
        f"{path.relative_to(ROOT)}:{name.lineno} {name.id}"
        for path in (ROOT / root).rglob("*.py")
        for made in ast.walk(ast.parse(path.read_text()))
        if isinstance(made, ast.ClassDef)
        for field in made.body
        if isinstance(field, ast.AnnAssign)
        for name in ast.walk(field.annotation)
        if isinstance(name, ast.Name)
        if name.id in {part.name for part in made.body if isinstance(part, DEFINITIONS)}
    ]

    assert hidden == []
