"""Whose is what a signed-in customer looks at? Asked where the object is read, and once."""

from sqlalchemy import Connection

from app.customers import repository
from app.customers.model import SIGN_IN
from app.principals.model import Viewer
from app.values import CustomerId


def may_use(connection: Connection, viewer: Viewer, owner: CustomerId | None) -> bool:
    """Whether somebody may use what is found by an id that cannot be guessed."""
    return owner is None or viewer.house or owns(connection, viewer, owner)


def owns(connection: Connection, viewer: Viewer, owner: CustomerId | None) -> bool:
    """Whether something is theirs; of nobody's and for the house there is nothing to ask."""
    if owner is None or viewer.house:
        return False
    return known(connection, viewer).owns(owner)


def known(connection: Connection, viewer: Viewer) -> Viewer:
    """The viewer with all ids of theirs: read now, unless they were before.

    Fields of one operation may read at once, in several threads: each finds the same.
    """
    if (sign_in := viewer.sign_in) is not None:
        viewer.selves = repository.selves_of(connection, SIGN_IN, sign_in)
        viewer.sign_in = None
    return viewer
