"""Made-up schemas, and values for them that are the same at every asking."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    is_list_type,
    is_non_null_type,
)

from app.engine.plans import Attribute, Batch, Description, Each, How
from app.engine.runs import Call
from app.engine.unchanging import Unchanging, UnchangingList
from tests.engine.leaves import BAD, GOOD, Odd
from tests.engine.schemas import Builder

PASSING = 0.15  # share of the attributes of what is kept
LASTING = 0.33  # share of the worlds in which all that can be kept is
FRAMED = 0.5  # share of the types that are kept
MOVING = 0.1  # share of the fields that have to be asked
SETTLED = 5  # turns in which what moves is the same


class BoomError(Exception):
    """Something that went wrong in a resolver."""


def seeded(seed: int | str) -> Random:
    return Random(seed)


@dataclass
class Mood:
    """What values are like in one execution: `wrong` is the share of failures.

    It may be asked in several turns, which all answer alike but for what is `passing` of things and
    what moves.
    """

    seed: int
    wrong: float
    turn: int = 0
    passed: bool = False  # whether anything was asked for that is not the same in all turns
    calls: list[tuple[tuple[Any, ...], str, int]] = field(default_factory=list)
    kept: dict[str, Unchanging] = field(default_factory=dict)

    def dice(self, about: str) -> Random:
        return seeded(f"{self.seed}|{about}")


class Thing:
    """An object of some type; its fields are decided by its name, and some by its turn.

    What follows from one that is `still` is found once, as from all that never change: the same
    object always leads to the same.
    """

    passing: ClassVar[frozenset[str]] = frozenset()
    framed: ClassVar[bool] = False

    def __init__(self, world: "World", mood: Mood, typename: str, name: str) -> None:
        self.world, self.mood, self.typename, self.name = world, mood, typename, name
        self.turn = mood.turn
        self.still = isinstance(self, Unchanging)
        self.found: dict[str, Any] = {}

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return raised(self.world.value(self, attribute, {}))

    def __repr__(self) -> str:
        return f"{self.typename} {self.name}"


def raised(value: Any) -> Any:
    """Half of the failures are raised, half are returned."""
    if isinstance(value, Exception) and len(str(value)) % 2:
        raise value
    return value


def stilled(value: Any) -> Any:
    """The same at every reading, with all that hangs from it."""
    if isinstance(value, Thing):
        value.still = True
    elif hasattr(value, "__next__"):
        return stilled(list(value))
    elif isinstance(value, (list, tuple)):
        for one in value:
            stilled(one)
    return value


@dataclass
class World:
    """A schema, how its fields are resolved, and the class of some of its types.

    Half of the types are of things that are kept, and given again to who asks again: half of them
    framed, all as copies where a part of them is passing. In every third world all types are
    kept, and all lists.
    """

    dice: Random
    lasting: bool = field(init=False)
    kinds: dict[tuple[str, str], str] = field(default_factory=dict)
    types: dict[str, type[Thing]] = field(default_factory=dict)
    hinted: dict[str, type] = field(default_factory=dict)
    moving: frozenset[str] = frozenset()
    schema: GraphQLSchema = field(init=False)

    def __post_init__(self) -> None:
        self.lasting = self.dice.random() < LASTING
        self.schema = Builder(self.dice, self).schema()
        attributes = {name for (_, name), kind in self.kinds.items() if kind == "attribute"}
        asked = sorted({name for _, name in self.kinds} - attributes)
        self.moving = frozenset(one for one in asked if self.dice.random() < MOVING)
        for name, type_ in self.types.items():
            attributes = {
                attribute
                for (parent, attribute), kind in self.kinds.items()
                if kind == "attribute" and parent in {name, ""}
            }
            if issubclass(type_, Unchanging) and name in self.hinted:
                type_.framed = self.dice.random() < FRAMED
                passing = (one for one in sorted(attributes) if self.dice.random() < PASSING)
                type_.passing = frozenset(passing)

    def root(self, mood: Mood) -> Thing:
        return Thing(self, mood, "Query", "root")

    def description(self) -> Description:
        return Description(self._how, self.hinted)

    def _how(self, parent: GraphQLObjectType, name: str, definition: GraphQLField) -> How:
        kind = self._kind(parent, name)
        if kind == "attribute":
            return Attribute(name)
        if kind == "batch":
            return Batch(lambda call: self._batch(call, name), eager=len(name) % 2 == 0)
        resolve: Any = definition.resolve
        return Each(
            lambda call: lambda thing: resolve(thing, call.info(), **dict(call.arguments)),
            follows=kind == "each" and name not in self.moving,
        )

    def _kind(self, parent: GraphQLObjectType, name: str) -> str:
        return self.kinds.get((parent.name, name)) or self.kinds["", name]

    def _batch(
        self, call: Call, name: str
    ) -> Callable[[Sequence[Thing]], Awaitable[Sequence[Any]]]:
        async def answer(things: Sequence[Thing]) -> Sequence[Any]:
            mood: Mood = call.context
            path = tuple(call.field.path.as_list())
            mood.calls.append((path, call.field.parent_type.name, len(things)))
            if mood.dice(name).random() < 0.5:
                await asyncio.sleep(0)
            self.fail_as_one(mood, name)
            return tuple(self.value_or_failure(thing, name, call.arguments) for thing in things)

        return answer

    def value_or_failure(self, thing: Thing, name: str, arguments: Mapping[str, Any]) -> Any:
        """What another parent is must not matter to this one."""
        try:
            return self.value(thing, name, arguments)
        except AttributeError as error:
            return error

    def fail_as_one(self, mood: Mood, name: str) -> None:
        if mood.dice(f"{name} as one").random() < mood.wrong:
            raise BoomError(f"nobody has {name}")

    def value(self, thing: Thing, name: str, arguments: Mapping[str, Any]) -> Any:
        parent: Any = self.schema.type_map.get(thing.typename)
        if thing.typename == "Query" and name.startswith("do"):
            parent = self.schema.mutation_type
        about = f"{thing.name}.{name}{sorted(arguments.items(), key=str) or ''}"
        if name in thing.passing:
            thing.mood.passed = True
            about = f"{about}@{thing.turn}"
        elif name in self.moving:
            thing.mood.passed = True
            about = f"{about}@{thing.mood.turn // SETTLED}"
        definition = getattr(parent, "fields", {}).get(name)
        if definition is None:
            return Odd()
        if not thing.still or self._kind(parent, name) not in {"attribute", "each"}:
            return self.make(definition.type, thing.mood, about)
        if name in self.moving:
            return self.make(definition.type, thing.mood, about)
        if about not in thing.found:
            thing.found[about] = stilled(self.make(definition.type, thing.mood, about))
        return thing.found[about]

    def make(self, type_: Any, mood: Mood, about: str) -> Any:
        dice = mood.dice(about)
        if is_non_null_type(type_):
            return None if dice.random() < mood.wrong else self._made(type_.of_type, mood, about)
        return None if dice.random() < 0.15 else self._made(type_, mood, about)

    def _made(self, type_: Any, mood: Mood, about: str) -> Any:
        dice = mood.dice(f"{about}!")
        failing = dice.random() < mood.wrong
        if failing and dice.random() < 0.5:
            return BoomError(f"{about} went wrong") if dice.random() < 0.8 else GraphQLError(about)
        if is_list_type(type_):
            return Odd() if failing else self._list(type_.of_type, mood, about, dice)
        if type_.name in GOOD:
            return dice.choice((failing and BAD[type_.name]) or GOOD[type_.name])
        return self._thing(type_, mood, about, dice, failing=failing)

    def _list(self, type_: Any, mood: Mood, about: str, dice: Random) -> Any:
        made = [self.make(type_, mood, f"{about}.{i}") for i in range(dice.randrange(4))]
        lasting = list if any(hasattr(one, "__iter__") for one in made) else UnchangingList
        container = dice.choice((lasting,) if self.lasting else (list, list, lasting, tuple, iter))
        return self._kept(mood, f"{about} of many", container(made))

    def _kept(self, mood: Mood, about: str, value: Any) -> Any:
        if not isinstance(value, Unchanging):
            return value
        known = mood.kept.setdefault(about, value)
        if not known.passing or known is value:
            return known
        value.forms = known.forms  # type: ignore[misc]  # a copy of another turn, maybe
        mood.kept[about] = value
        return value

    def _thing(self, type_: Any, mood: Mood, about: str, dice: Random, *, failing: bool) -> Any:
        possible = [type_] if isinstance(type_, GraphQLObjectType) else (
            self.schema.get_possible_types(type_)
        )  # fmt: skip
        name = dice.choice([one.name for one in possible])
        if failing:
            name = dice.choice(["Nobody", "Colour", *self.types])
            return Thing(self, mood, name, about)
        return self._kept(mood, f"{about} of {name}", self.types[name](self, mood, name, about))

    def new_type(self, name: str) -> type[Thing]:
        kept = self.lasting or len(self.types) % 2
        bases = (Thing, Unchanging) if kept else (Thing,)
        self.types[name] = type(name, bases, {})
        return self.types[name]

    def resolver(self, name: str, kind: str) -> Any:
        """The resolver that the reference executor calls; the engine calls those of one parent."""

        async def later(thing: Thing, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            assert info.field_name == name
            mood: Mood = info.context
            if mood.dice(name).random() < 0.5:
                await asyncio.sleep(0)
            if kind == "batch":
                self.fail_as_one(mood, name)
            return raised(self.value(thing, name, arguments))

        def now(thing: Thing, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            assert info.field_name == name
            return getattr(thing, name) if kind == "attribute" else raised(
                self.value(thing, name, arguments)
            )  # fmt: skip

        return later if kind in {"async", "batch"} else now
