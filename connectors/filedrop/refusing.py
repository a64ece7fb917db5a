"""Where does a file go that cannot be taken? Aside, beside what is wrong with it."""

from collections.abc import Collection
from datetime import datetime

import structlog

from connectors.filedrop.documents import MOST_TOLD, Mistake, Unreadable
from connectors.filedrop.drop import At, Drop, DropError, MissingError, TakenError, TooLargeError
from connectors.filedrop.settings import Folders
from connectors.filedrop.shelving import free

log = structlog.get_logger()


def faults(error: Exception) -> tuple[Mistake, ...]:
    """What is wrong with a file whose taking ended so.

    Of an error that nobody expected the kind alone is told: its text may hold what the file says.

    Raises:
        DropError: it was the drop's, and says nothing about the file.
    """
    match error:
        case Unreadable():
            return error.mistakes
        case TooLargeError():
            return (Mistake(1, 1, "the file is too large"),)
        case DropError():
            raise error
    kind = type(error).__name__
    log.error("filedrop.bug", kind=kind)
    return (Mistake(1, 1, f"cannot be taken ({kind})"),)


async def put_aside(
    drop: Drop, folders: Folders, name: str, mistakes: Collection[Mistake], now: datetime
) -> bool:
    """Move a file out of the inbox, with its mistakes in another one beside it; whether it was."""
    there = {one.name for one in await drop.files(folders.rejected)}
    target = free(name, there)
    told = [f"{one}" for one in list(mistakes)[:MOST_TOLD]]
    more = [f"and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
    why = [f"file: {name}", f"refused: {now.isoformat()}", *told, *more]
    reason = At(folders.rejected, f"{target}.reason.txt")
    await drop.write(reason, ("\n".join(why) + "\n").encode())
    try:
        await drop.move(At(folders.inbox, name), At(folders.rejected, target))
    except (MissingError, TakenError):
        return False  # the next look sees to it
    return True
