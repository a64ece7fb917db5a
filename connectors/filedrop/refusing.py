"""Where does a file go that cannot be taken? Aside, beside what is wrong with it."""

from collections.abc import Collection
from datetime import datetime

from connectors.filedrop.documents import MOST_TOLD, Mistake
from connectors.filedrop.drop import At, Drop, MissingError, TakenError
from connectors.filedrop.settings import Folders
from connectors.filedrop.shelving import free


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
