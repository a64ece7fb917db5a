"""How long may what a schema tells be kept, and by whom? Hints in, one policy a field out.

The words are those of Apollo's `@cacheControl`. A field's own `maxAge` goes before that of its
type. Where neither says one, a root field and a field with fields is not kept at all, unless one of
them inherits; a leaf is kept as long as what it belongs to. PRIVATE is different: neither can open
what the other closes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Self

from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)


@dataclass(frozen=True, slots=True)
class Hint:
    """What is said of one type or one field; `max_age` in seconds, None where it is not said."""

    max_age: int | None = None
    private: bool = False
    inherit: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Kept for at most `max_age` seconds, and by shared caches unless `private`."""

    max_age: float = inf
    private: bool = False

    def strictest(self, other: Self) -> Self:
        """What satisfies both."""
        if self.max_age <= other.max_age and self.private >= other.private:
            return self
        return type(self)(min(self.max_age, other.max_age), self.private or other.private)


FREE = Policy()
NOT_KEPT = Policy(0)
UNSAID = Hint()


@dataclass(frozen=True, slots=True)
class Hints:
    """What a schema says, by type and by (type, field)."""

    types: Mapping[str, Hint]
    fields: Mapping[tuple[str, str], Hint]


@dataclass(slots=True)
class FieldPolicies:
    """The policy of each field of a schema, by the type it is asked of and the one it gives."""

    schema: GraphQLSchema
    hints: Hints
    _known: dict[tuple[str, str, str | None], Policy] = field(default_factory=dict)

    def of(self, parent: str, name: str, given: str | None) -> Policy:
        """The strictest over all objects of `parent`; `given` is an object type, None a leaf."""
        key = (parent, name, given)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = self._worst(parent, name, given)
        return known

    def _worst(self, parent: str, name: str, given: str | None) -> Policy:
        policy = FREE
        declared = self.schema.type_map[parent]
        for owner in self.possible(declared):
            policy = policy.strictest(self._one(declared, owner, name, given))
        return policy

    def _one(
        self, declared: GraphQLNamedType, owner: GraphQLObjectType, name: str, given: str | None
    ) -> Policy:
        said = both(self._field(declared.name, name), self._field(owner.name, name))
        types = both(*self._types(owner, name, given))
        private = said.private or types.private
        max_age = types.max_age if said.max_age is None else said.max_age
        if max_age is not None:
            return Policy(max_age, private)
        root = owner is self.schema.query_type
        inherits = said.inherit or types.inherit or given is None
        return Policy(0 if root or not inherits else inf, private)

    def _field(self, type_name: str, name: str) -> Hint:
        return self.hints.fields.get((type_name, name), UNSAID)

    def _types(self, owner: GraphQLObjectType, name: str, given: str | None) -> Iterator[Hint]:
        """What is said of the object that is given and of the type it is promised as."""
        if given is not None:
            promised = get_named_type(owner.fields[name].type).name
            yield from (self.hints.types.get(one, UNSAID) for one in {given, promised})

    def possible(self, type_: GraphQLNamedType) -> Iterable[GraphQLObjectType]:
        """The object types that stand behind a type."""
        if isinstance(type_, GraphQLObjectType):
            return (type_,)
        return self.schema.get_possible_types(type_) if is_abstract_type(type_) else ()


def both(*hints: Hint) -> Hint:
    """The strictest of what is said; one that inherits is enough."""
    ages = [hint.max_age for hint in hints if hint.max_age is not None]
    return Hint(
        max_age=min(ages, default=None),
        private=any(hint.private for hint in hints),
        inherit=any(hint.inherit for hint in hints),
    )
