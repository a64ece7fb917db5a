"""What need not be completed again? Values that never change and are given to many operations."""

from collections.abc import Hashable
from functools import cached_property
from typing import Any, TypeVar

T = TypeVar("T")
MOST_FORMS = 4  # of one value: places of operations that ask for it


class Forms(dict[Hashable, Any]):
    """Completed forms of one value, by the place of the operation that asks for it."""

    __slots__ = ()

    def keep(self, place: Hashable, form: Any) -> None:
        """Keep a form, in the place of the others when there are too many."""
        if len(self) >= MOST_FORMS:
            self.clear()
        self[place] = form


class Unchanging:
    """An object whose attributes, and all that hangs from them, never change.

    Where an operation asks it for attributes only, its completed form is kept with it, and dies
    with it. Nobody changes a completed form.
    """

    @cached_property
    def forms(self) -> Forms:
        """Its completed forms."""
        return Forms()


class UnchangingList(list[T], Unchanging):
    """A list that never changes, of objects that never change."""
