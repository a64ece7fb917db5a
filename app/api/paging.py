"""Lists that can grow: page sizes and cursors."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sized
from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry

from app.api.hints import AS_ITS_OWNER
from app.errors import InvalidInputError

DEFAULT_FIRST = 20
MOST_FIRST = 100
MOST_INPUTS = 100
LONGEST_KEY = 500  # characters; longer ones name nothing and only cost memory
FirstArgument = Annotated[
    int | None, strawberry.argument(description="Page size, 1 to 100; 20 if not given.")
]
AfterArgument = Annotated[str | None, strawberry.argument(description="An endCursor of this list.")]


@strawberry.type(description="Where a page stands in its list.", directives=AS_ITS_OWNER)
class PageInfo:
    """See the Relay cursor connections specification."""

    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page follows another.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last edge: give it as after."
    )


def page_size(first: int | None, *, default: int = DEFAULT_FIRST, most: int = MOST_FIRST) -> int:
    """How many are wanted.

    Raises:
        InvalidInputError: fewer than one, or more than a page holds.
    """
    if first is None:
        return default
    if not 1 <= first <= most:
        raise InvalidInputError(f"first is between 1 and {most}.", argument="first")
    return first


def bounded(values: Sized, *, argument: str) -> None:
    """Refuse a list argument that is too long.

    Raises:
        InvalidInputError: there are more than a hundred.
    """
    if len(values) > MOST_INPUTS:
        raise InvalidInputError(
            f"{argument} takes at most {MOST_INPUTS} values, {len(values)} were given:"
            " ask in several operations.",
            argument=argument,
        )


def named(key: str | None, *, argument: str) -> str | None:
    """The key, unless it is too long to name anything.

    Raises:
        InvalidInputError: it is.
    """
    if key is not None and len(key) > LONGEST_KEY:
        raise InvalidInputError(
            f"{argument} has at most {LONGEST_KEY} characters.", argument=argument
        )
    return key


def encode_cursor(*key: Any) -> str:
    """An opaque cursor of a place in a list, by its sort key."""
    return urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *shape: type) -> tuple[Any, ...] | None:
    """The sort key a cursor was made of.

    Raises:
        InvalidInputError: it is not a cursor of such a list.
    """
    if cursor is None:
        return None
    try:
        key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        key = None
    fits = isinstance(key, list) and len(key) == len(shape)
    if not fits or not all(isinstance(part, kind) for part, kind in zip(key, shape, strict=True)):
        raise not_of_this_list()
    if any("\0" in part for part in key if isinstance(part, str)):
        raise not_of_this_list()
    return tuple(key)


def moment_in(told: str) -> datetime:
    """A moment of a cursor's key.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        moment = datetime.fromisoformat(told)
    except ValueError as error:
        raise not_of_this_list() from error
    if moment.tzinfo is None:
        raise not_of_this_list()
    return moment


def not_of_this_list() -> InvalidInputError:
    """What is told of a cursor that was not made here."""
    return InvalidInputError(
        "after is not a cursor of this list: give an endCursor of it.", argument="after"
    )
