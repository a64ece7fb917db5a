"""What need not be completed again? Values that never change and are given to many operations."""

from collections.abc import Hashable
from typing import Any, TypeVar

import orjson

T = TypeVar("T")
MOST_FORMS = 4  # of one value: places of operations that ask for it


class Forms(dict[Hashable, orjson.Fragment]):
    """Completed forms of one value, as JSON, by the place of the operation that asks for it."""

    __slots__ = ()

    def keep(self, place: Hashable, form: orjson.Fragment) -> None:
        """Keep a form, in the place of the others when there are too many."""
        if len(self) >= MOST_FORMS:
            self.clear()
        self[place] = form


ONCE = Forms()  # nothing is kept in it: it stands for what was completed once


class Unchanging:
    """An object whose attributes, and all that hangs from them, never change.

    Where an operation asks it for attributes only, its completed form is kept with it from the
    second time on, and dies with it.
    """

    forms: Forms | None = None

    def seen(self, place: Hashable, completed: Any) -> None:
        """Something was completed anew."""
        if self.forms is None:
            self.forms = ONCE
            return
        if self.forms is ONCE:
            self.forms = Forms()
        self.forms.keep(place, orjson.Fragment(orjson.dumps(completed)))


class UnchangingList(list[T], Unchanging):
    """A list that never changes, of objects that never change."""
