"""Where are the documents of each client registered? In files, and in one folder by client name.

In the folder, `web.json` and the `.graphql` files under `web/` are the documents of client `web`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.engine.documents.manifests import SUFFIXES, Entry, read_manifest
from app.errors import MisconfiguredError

CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files a deployment names for each client, and the folder `tessera documents` keeps."""

    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    folder: Path | None = None

    def paths(self) -> dict[str, list[Path]]:
        """The manifests of each client, as they are on the disk now.

        Raises:
            MisconfiguredError: the folder is not there. That is no empty folder: with it, all
                documents would be gone.
        """
        found = {client: list(paths) for client, paths in self.files.items()}
        for path in () if self.folder is None else _inside(self.folder):
            client = path.name if path.is_dir() else path.stem
            if CLIENT_NAME.fullmatch(client) and (path.is_dir() or path.suffix == ".json"):
                found.setdefault(client, []).append(path)
        return found

    def watched(self) -> list[Path]:
        """Every file whose change matters; a new file shows as one more."""
        manifests = [path for paths in self.paths().values() for path in paths]
        return sorted({file for path in manifests for file in _files(path)})

    def read(self) -> dict[str, list[Entry]]:
        """The documents of each client.

        Raises:
            MisconfiguredError: every mistake of every file, one line each.
        """
        entries: dict[str, list[Entry]] = {}
        problems: list[str] = []
        for client, paths in self.paths().items():
            for path in paths:
                try:
                    entries.setdefault(client, []).extend(read_manifest(path))
                except MisconfiguredError as error:
                    problems.extend(error.problems)
        if problems:
            raise MisconfiguredError(*problems)
        return entries


def manifest_of(folder: Path, client: str) -> Path:
    """The file that keeps what is registered for a client with `tessera documents`.

    Raises:
        MisconfiguredError: the name cannot be one of a client.
    """
    if not CLIENT_NAME.fullmatch(client):
        raise MisconfiguredError(
            "a client's name has 1 to 64 letters, digits, dots, dashes or underscores,"
            " and begins with a letter or a digit"
        )
    return folder / f"{client}.json"


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MisconfiguredError(f"{folder}: is no folder of documents") from error
    except OSError as error:
        raise MisconfiguredError(f"{folder}: cannot be read: {error.strerror}") from error


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in path.rglob("*") if file.suffix in SUFFIXES]
    return [path]
