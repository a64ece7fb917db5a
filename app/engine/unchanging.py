"""What need not be completed again? Values that never change and are given to many operations."""

from collections.abc import Collection, Hashable, Mapping
from typing import Any, ClassVar, TypeAlias, TypeVar

import orjson

T = TypeVar("T")
Form: TypeAlias = orjson.Fragment | tuple[bytes, ...]
"""JSON; in pieces, if something stands between them that has to be asked for each time."""
MOST_FORMS = 4  # of one value: places of operations that ask for it
TURNED_AWAY = 64  # times that there was no room, until those that have it make room


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
    dies with it: as a whole, or in pieces around that which has to be asked for each time. Copies
    of it may share what is kept, if they differ in nothing but the attributes that are `passing`:
    those are asked for each time.
    """

    __slots__ = ()
    forms: Forms | None = None
    passing: ClassVar[frozenset[str]] = frozenset()

    def seen(self, place: Hashable, completed: Any) -> None:
        """Something was completed anew."""
        if (forms := self._again()) is not None and forms.room():
            forms[place] = orjson.Fragment(orjson.dumps(completed))

    def seen_around(
        self, place: Hashable, asked: Collection[str], completed: Mapping[str, Any]
    ) -> None:
        """An object was completed anew, of which some fields have to be asked for each time."""
        if (forms := self._again()) is not None and forms.room():
            forms[place] = _pieces(completed, asked)

    def _again(self) -> Forms | None:
        """Where to keep a form; None at the first time."""
        known = self.forms
        if known is None:
            self.forms = ONCE  # type: ignore[misc] # whoever has no dict has room for it
            return None
        if known is ONCE:
            self.forms = known = Forms()  # type: ignore[misc] # as above
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
