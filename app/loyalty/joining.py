"""What becomes of points when two customers turn out to be one person, or not to be?"""

from sqlalchemy import Connection

from app.loyalty import moving, repository
from app.store import Work
from app.values import CustomerId


def join(work: Work, source: CustomerId, into: CustomerId) -> None:
    """The points of the one are the other's, in the act that merges them."""
    moving.merge(work, source, into, _key(work.connection, source))


def part(work: Work, source: CustomerId) -> None:
    """What is left of them is whose it was."""
    moving.undo(work, source, _key(work.connection, source))


def _key(connection: Connection, source: CustomerId) -> str:
    """That of the merger of a customer that has not been taken back, or of the next one."""
    number = 0
    while repository.find_key(connection, f"merge:{source}:{number}:back") is not None:
        number += 1
    return f"merge:{source}:{number}"
