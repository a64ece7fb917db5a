"""Made-up schemas."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)

from tests.engine.leaves import ARGUMENTS, LEAVES

KINDS = ("attribute", "attribute", "each", "async", "batch")


class Host(Protocol):
    """Who answers the fields: their kinds by type and name, the classes that are told.

    Where all that can be kept is, it is `lasting`: few types, known ones, with many fields.
    """

    lasting: bool
    kinds: dict[tuple[str, str], str]
    hinted: dict[str, type]

    def new_type(self, name: str) -> type: ...

    def resolver(self, name: str, kind: str) -> Any: ...


@dataclass
class Builder:
    """Builds the schema of a world."""

    dice: Random
    host: Host
    interfaces: list[GraphQLInterfaceType] = field(default_factory=list)
    objects: list[GraphQLObjectType] = field(default_factory=list)
    unions: list[GraphQLUnionType] = field(default_factory=list)

    def schema(self) -> GraphQLSchema:
        for number in range(0 if self.host.lasting else self.dice.randrange(3)):
            self.interfaces.append(self.interface(f"I{number}"))
        checked = self.dice.random() < 0.5
        for number in range(self.dice.randrange(2, 6)):
            self.objects.append(self.object(f"T{number}", checked=checked))
        for number in range(0 if self.host.lasting else self.dice.randrange(3)):
            self.unions.append(self.union(f"U{number}"))
        used = {base.name for one in self.objects for base in one.interfaces}
        self.interfaces = [one for one in self.interfaces if one.name in used]
        query = GraphQLObjectType("Query", lambda: self.fields("Query", ()))
        mutation = GraphQLObjectType(
            "Mutation",
            lambda: {f"do{i}": self.field("Mutation", f"do{i}", "async") for i in range(3)},
        )
        return GraphQLSchema(query, mutation=mutation, types=self.objects)

    def interface(self, name: str) -> GraphQLInterfaceType:
        def fields() -> dict[str, GraphQLField]:
            names = (f"{name.lower()}{number}" for number in range(2))
            return {one: self.field("", one) for one in names}

        resolve_type = type_named if self.dice.random() < 0.6 else None
        return GraphQLInterfaceType(name, fields, resolve_type=resolve_type)

    def object(self, name: str, *, checked: bool) -> GraphQLObjectType:
        bases = [one for one in self.interfaces if self.dice.random() < 0.5]
        class_ = self.host.new_type(name)

        def is_type_of(value: Any, _info: Any) -> bool:
            return isinstance(value, class_)

        checked = checked or self.dice.random() < 0.4
        hinted = self.host.lasting or self.dice.random() < 0.5
        if hinted and (checked or all(one.resolve_type for one in bases)):
            self.host.hinted[name] = class_
        return GraphQLObjectType(
            name, lambda: self.fields(name, bases), bases, is_type_of if checked else None
        )

    def union(self, name: str) -> GraphQLUnionType:
        members = self.dice.sample(self.objects, self.dice.randrange(1, len(self.objects) + 1))
        return GraphQLUnionType(name, members, resolve_type=type_named)

    def fields(
        self, owner: str, implemented: Sequence[GraphQLInterfaceType]
    ) -> dict[str, GraphQLField]:
        inherited = {name: one for base in implemented for name, one in base.fields.items()}
        many = self.dice.randrange(4, 9) if self.host.lasting else self.dice.randrange(1, 6)
        own = [f"{owner.lower()}{number}" for number in range(many)]
        return {**inherited, **{name: self.field(owner, name) for name in own}}

    def field(self, owner: str, name: str, kind: str | None = None) -> GraphQLField:
        kind = self.host.kinds[owner, name] = kind or self.dice.choice(KINDS)
        arguments = {
            key: argument
            for key, argument in ARGUMENTS.items()
            if kind != "attribute" and self.dice.random() < 0.3
        }
        return GraphQLField(self.type(), arguments, resolve=self.host.resolver(name, kind))

    def type(self) -> Any:
        made = [*self.objects, *self.interfaces, *self.unions]
        named: Any = self.dice.choice(LEAVES if self.dice.random() < 0.45 else made)
        for _ in range(self.dice.choice((0, 0, 0, 1, 1, 2))):
            named = GraphQLList(self.maybe_required(named))
        return self.maybe_required(named)

    def maybe_required(self, type_: Any) -> Any:
        return GraphQLNonNull(type_) if self.dice.random() < 0.4 else type_


def type_named(value: Any, _info: Any, _type: Any) -> str:
    name: str = value.typename
    return name
