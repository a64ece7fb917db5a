"""Which connectors are there? Folders with a manifest, and packages that announce themselves."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from app.errors import MisconfiguredError
from app.ports.connector import Manifest

ENTRY_POINTS = "tessera.connectors"


@dataclass(frozen=True, slots=True)
class FoundConnector:
    """A connector that could be imported as `module`; nothing of it has been executed."""

    manifest: Manifest
    folder: Path
    module: str


def find_connectors(package: str) -> dict[str, FoundConnector]:
    """Every connector by name: sub-folders of `package`, then installed entry points.

    An entry point of the group `tessera.connectors` names the connector's package.

    Raises:
        MisconfiguredError: a manifest is wrong, or two connectors share a name.
    """
    found: dict[str, FoundConnector] = {}
    for folder, module in _places(package):
        connector = FoundConnector(read_manifest(folder), folder, module)
        name = connector.manifest.name
        if name in found:
            raise MisconfiguredError(f"two connectors are called {name!r}: rename one")
        found[name] = connector
    return found


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the connector in `folder`.

    Raises:
        MisconfiguredError: it is missing, is not TOML, or says something unknown.
    """
    where = f"{folder.name}/manifest.toml"
    try:
        document = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
        return Manifest.model_validate(document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MisconfiguredError(f"{where}: {error}") from error
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        lines = (f"{where}: {'.'.join(map(str, m['loc']))}: {m['msg']}" for m in mistakes)
        raise MisconfiguredError(*lines) from error


def _places(package: str) -> Iterator[tuple[Path, str]]:
    for root in _folders(package):
        for manifest in sorted(root.glob("*/manifest.toml")):
            yield manifest.parent, f"{package}.{manifest.parent.name}"
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        for folder in _folders(point.value):
            yield folder, point.value


def _folders(module: str) -> list[Path]:
    spec = find_spec(module)
    return [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
