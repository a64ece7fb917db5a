"""What need not be completed again? Values that never change and are given to many operations."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from operator import is_
from typing import Any, ClassVar, Final, TypeAlias, TypeVar
from weakref import ref

import orjson
from msgspec import Struct

T = TypeVar("T")
Answers: TypeAlias = Sequence[Sequence[Any]]
"""What was answered, by slot."""
MOST_FORMS = 4  # of one value: places of operations that ask for it
TURNED_AWAY = 64  # times that there was no room, until those that have it make room
IN_VAIN = 8  # times in a row that the answers below were others, until they are not looked at
PAUSE = 64  # times that they are not
MOST_WHOLE = 32 * 1024 * 1024  # bytes of JSON of wholes, in one process


Slots: TypeAlias = Sequence[tuple[int, list[Any]]]
"""Answers, each with its slot."""
Asking: TypeAlias = Sequence[tuple[Any, list[Any]]]
"""Fields, each with the parents that are asked for it."""


class Told(Struct, frozen=True, gc=False):
    """What a value was completed as, and how many objects are in it."""

    json: orjson.Fragment
    objects: int


NOTHING: Final = Told(orjson.Fragment(b"null"), 0)


class Whole:
    """The JSON of an object with what has to be asked for each time, `whole`.

    It holds where all that is asked below the object is answered by the very same objects as when
    it was made, `asked`, none of which ever changes.
    """

    __slots__ = ("__weakref__", "_before", "_in_vain", "_pause", "asked", "whole")

    def __init__(self) -> None:
        """There is none at first."""
        self.asked: Answers | None = None
        self.whole = NOTHING
        self._before: Answers | None = None
        self._in_vain = self._pause = 0

    def met(
        self,
        completed: Any,
        objects: int,
        answers: Answers,
        starts: Sequence[int],
        lasts: Sequence[int],
    ) -> Any:
        """It was completed of these parts of the answers: in JSON, if for the second time."""
        if self._pause:
            self._pause -= 1
            return completed
        parts = zip(answers, starts, lasts, strict=True)
        asked = [given[start : last + 1] for given, start, last in parts]
        before, self._before = self._before, None
        if before is not None and all(map(_same, asked, before)):
            text = orjson.dumps(completed)
            self.asked, self._in_vain = asked, 0
            self.whole = Told(orjson.Fragment(text), objects)
            WHOLES.keep(self, len(text))
            return self.whole.json
        self.forget()
        self._in_vain += 1
        if self._in_vain == IN_VAIN:
            self._in_vain, self._pause = 0, PAUSE
        elif all(map(_lasts, asked)):
            self._before = asked
        return completed

    def forget(self) -> None:
        """Have no whole any more."""
        if self.whole is not NOTHING:
            self.asked, self.whole = None, NOTHING
            WHOLES.drop(self)


class Around(Whole):
    """The JSON of an object around what has to be asked for each time, in `pieces`."""

    __slots__ = ("objects", "pieces")

    def __init__(self, pieces: tuple[bytes, ...], objects: int) -> None:
        """`objects` are those in the pieces."""
        super().__init__()
        self.pieces: Final = pieces
        self.objects: Final = objects


class Frame(Whole):
    """All that hangs from an object and is never asked for again, in one place of an operation.

    `answers` are those by slot; `asking` says what is asked of what hangs there, of the object
    itself where no parents are named: nothing goes round in a circle. Without `fits` something is
    not as simple, and there is nothing in it.
    """

    __slots__ = ("answers", "asking", "fits")

    def __init__(self, found: tuple[Slots, Asking] | None) -> None:
        super().__init__()
        self.fits: Final = found is not None
        self.answers, self.asking = found or ((), ())

    def met(self, completed: Any, *told: Any) -> Any:
        """As above; but what does not fit may be told otherwise the next time."""
        return super().met(completed, *told) if self.fits else completed


class Wholes:
    """All that have their whole JSON: when it is too much, the first ones lose it.

    Nothing is held here: what dies with the object it was made of is counted no more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[ref[Whole], int] = {}
        self.size = 0

    def keep(self, one: Whole, size: int) -> None:
        """One more, of `size` bytes, in the place of what it had."""
        self.drop(one)
        self._sizes[ref(one, self._gone)] = size
        self.size += size
        while self.size > self._most:
            first = next(iter(self._sizes))
            if (losing := first()) is None:
                self._gone(first)
            else:
                losing.forget()

    def drop(self, one: Whole) -> None:
        """It has none any more."""
        self._gone(ref(one))

    def _gone(self, one: ref[Whole]) -> None:
        self.size -= self._sizes.pop(one, 0)


WHOLES: Final = Wholes(MOST_WHOLE)
Form: TypeAlias = Told | Around | Frame


class Forms(dict[Hashable, Form]):
    """Completed forms of one value by the place of the operation that asks for it.

    Who comes first has room, for a while: where many ask in turn, most would else find nothing and
    pay for keeping what the next one throws away.
    """

    __slots__ = ("_turned_away",)

    def __init__(self) -> None:
        super().__init__()
        self._turned_away = 0

    def room(self) -> bool:
        """Whether one more may be kept."""
        if len(self) < MOST_FORMS:
            return True
        self._turned_away += 1
        if self._turned_away < TURNED_AWAY:
            return False
        self._turned_away = 0
        self.clear()
        return True


ONCE = Forms()  # nothing is kept in it: it stands for what was completed once


class Unchanging:
    """An object whose attributes, and all that hangs from them, never change.

    From the second time on what an operation asks of its attributes is kept with it as JSON, and
    dies with it: as a whole, or around that which has to be asked for each time. Copies of it may
    share what is kept, if they differ in nothing but the attributes that are `passing`: those are
    asked for each time, of classes that the engine is told of. What hangs from an object of a class
    that is `framed` is found once, and kept in `frames`, which no copy shares.
    """

    __slots__ = ()
    forms: Forms | None = None
    frames: Forms | None = None
    passing: ClassVar[frozenset[str]] = frozenset()
    framed: ClassVar[bool] = False

    def seen(self, place: Hashable, completed: Any, objects: int) -> None:
        """Something was completed anew; so many `objects` are in it."""
        if (forms := self.again()) is not None and forms.room():
            forms[place] = Told(orjson.Fragment(orjson.dumps(completed)), objects)

    def seen_around(
        self, place: Hashable, asked: Collection[str], completed: Mapping[str, Any], objects: int
    ) -> None:
        """An object was completed anew, of which some fields have to be asked for each time.

        So many `objects` are in all others, with itself.
        """
        if (forms := self.again()) is not None and forms.room():
            forms[place] = Around(_pieces(completed, asked), objects)

    def again(self, where: str = "forms") -> Forms | None:
        """Where to keep a form, or a frame; None at the first time."""
        known: Forms | None = getattr(self, where)
        if known is None:
            setattr(self, where, ONCE)
            return None
        if known is ONCE:
            known = Forms()
            setattr(self, where, known)
        return known


def _pieces(completed: Mapping[str, Any], asked: Collection[str]) -> tuple[bytes, ...]:
    """The JSON of an object without the values of some fields: one piece more than there are."""
    pieces, text, before = [], b"{", b""
    for key, value in completed.items():
        text += before + orjson.dumps(key) + b":"
        before = b","
        if key in asked:
            pieces.append(text)
            text = b""
        else:
            text += orjson.dumps(value)
    return (*pieces, text + b"}")


class UnchangingList(list[T], Unchanging):
    """A list that never changes, of objects that never change."""


LASTING = (Unchanging, str, int, float, Decimal, date, timedelta, Enum, type(None))


def _lasts(asked: Sequence[Any]) -> bool:
    """Whether the same objects are always told in the same words."""
    return all(isinstance(one, LASTING) for one in asked)


def _same(asked: Sequence[Any], before: Sequence[Any]) -> bool:
    return len(asked) == len(before) and all(map(is_, asked, before))
