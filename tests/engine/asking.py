"""Made-up documents for a schema, with values for their variables."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_leaf_type,
    is_union_type,
)

VARIABLES: dict[str, tuple[str, list[Any]]] = {
    "b0": ("Boolean!", [True, False]),
    "b1": ("Boolean! = true", [True, False]),
    "i": ("Int", [1, None, 5]),
    "d": ("Int = 4", [1, 9]),
    "s": ("Int! = 6", [8]),
    "c": ("Colour", ["RED", None]),
    "w": ("Wish", [{"size": "S"}, {"least": 9, "next": {"size": None}}, None]),
    "m": ("[Int!]", [[1, 2], 3, None]),
}
WRONG: list[Any] = ["x", [None], {"least": None}, {"nothing": 1}, 2**40, 1.5]
LITERALS = {
    "int": ["1", "null", "$i", "$d"],
    "many": ["[1, 2]", "3", "null", "$m", "[1, $s]"],
    "sure": ["7", "$s", "$d", "$i"],
    "colour": ["RED", "$c", "null"],
    "wish": ["{size: L}", "{least: 1, next: {size: S}}", "$w", "{least: $s}", "{size: null}"],
}


@dataclass
class Asker:
    """Writes one document."""

    schema: GraphQLSchema
    dice: Random
    left: int = 45
    used: set[str] = field(default_factory=set)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)

    def document(self) -> str:
        mutation = self.dice.random() < 0.1
        root: Any = self.schema.mutation_type if mutation else self.schema.query_type
        body = self.selections(root, 0)
        fragments = "".join(
            f"\nfragment {name} on {on} {text}" for name, (on, text) in self.fragments.items()
        )
        declared = ", ".join(f"${name}: {VARIABLES[name][0]}" for name in sorted(self.used))
        head = f"{'mutation' if mutation else 'query'} Ask{f'({declared})' if declared else ''}"
        return f"{head} {body}{fragments}"

    def selections(self, type_: GraphQLNamedType, depth: int) -> str:
        parts = [self.selection(type_, depth) for _ in range(self.dice.randrange(1, 5))]
        return "{ " + " ".join(parts) + " }"

    def selection(self, type_: Any, depth: int) -> str:
        self.left -= 1
        roll = self.dice.random()
        if self.left < 0 or depth > 5 or roll < 0.1:
            leaf = self.leaf(type_)
            return f"{leaf}{self.directive()}"
        if is_union_type(type_) or roll < 0.3:
            return self.fragment(type_, depth)
        return self.field(type_, self.dice.choice(list(type_.fields)), depth)

    def leaf(self, type_: Any) -> str:
        fields = {} if is_union_type(type_) else type_.fields
        names = [
            name for name, one in fields.items()
            if is_leaf_type(get_named_type(one.type)) and not one.args
        ]  # fmt: skip
        if not names or self.dice.random() < 0.3:
            return self.dice.choice(["__typename", "kind: __typename"])
        return str(self.dice.choice(names))

    def field(self, type_: Any, name: str, depth: int) -> str:
        definition = type_.fields[name]
        arguments = ", ".join(
            f"{key}: {self.literal(key)}" for key in definition.args if self.dice.random() < 0.6
        )
        arguments = f"({arguments})" if arguments else ""
        key = self.aliases.setdefault((name, arguments), f"a{len(self.aliases)}")
        alias = f"{key}: " if arguments or self.dice.random() < 0.2 else ""
        named: Any = get_named_type(definition.type)
        below = f" {self.selections(named, depth + 1)}" if is_composite_type(named) else ""
        return f"{alias}{name}{arguments}{self.directive()}{below}"

    def literal(self, key: str) -> str:
        text = self.dice.choice(LITERALS[key])
        self.used |= {word.strip("$]},") for word in text.split() if word.startswith("$")}
        return text

    def fragment(self, type_: Any, depth: int) -> str:
        on = self.dice.choice(self.related(type_))
        named: Any = self.schema.type_map[on]
        if self.dice.random() < 0.5:
            condition = f" on {on}" if on != type_.name or self.dice.random() < 0.5 else ""
            return f"...{condition}{self.directive()} {self.selections(named, depth + 1)}"
        name = f"F{len(self.fragments)}"
        ready = [old for old, (where, _) in self.fragments.items() if where == on]
        if ready and self.dice.random() < 0.4:
            name = self.dice.choice(ready)
        else:
            text = self.selections(named, depth + 1)
            name = f"F{len(self.fragments)}"
            self.fragments[name] = (on, text)
        return f"...{name}{self.directive()}"

    def related(self, type_: Any) -> list[str]:
        if is_abstract_type(type_):
            inside = [one.name for one in self.schema.get_possible_types(type_)]
            return [*inside, type_.name]
        above = [
            one.name for one in self.schema.type_map.values()
            if is_abstract_type(one) and self.schema.is_sub_type(one, type_)
        ]  # fmt: skip
        return [
            type_.name,
            *(name for name in above if is_interface_type(self.schema.type_map[name])),
        ]

    def directive(self) -> str:
        if self.dice.random() < 0.85:
            return ""
        which, value = self.dice.choice(["skip", "include"]), self.dice.choice(
            ["true", "false", "$b0", "$b1"]
        )  # fmt: skip
        self.used |= {value.strip("$")} & {"b0", "b1"}
        return f" @{which}(if: {value})"


def variables(names: set[str], dice: Random) -> dict[str, Any]:
    """Values for variables; few are left out where that is allowed, very few are wrong."""
    given: dict[str, Any] = {}
    for name in sorted(names):
        declared, values = VARIABLES[name]
        if dice.random() < 0.3 and (not declared.endswith("!")):
            continue
        given[name] = dice.choice(WRONG if dice.random() < 0.01 else values)
    return given
