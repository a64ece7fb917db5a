"""Which connectors are there, and is what their manifests say possible?"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from app.errors import MisconfiguredError
from app.ports.connector import Manifest
from app.ports.shapes import PORTS

MANIFEST = "manifest.toml"
ENTRY_POINTS = "tessera.connectors"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundConnector:
    """A connector that could be imported as `module`; nothing of it has been read or executed."""

    name: str
    folder: Path
    module: str


def find_connectors(connectors: Path) -> dict[str, FoundConnector]:
    """Every connector by name: folders of `connectors` with a manifest, then installed packages.

    An entry point of the group `tessera.connectors` names a connector and its package.

    Raises:
        MisconfiguredError: two connectors share a name.
    """
    found: dict[str, FoundConnector] = {}
    for one in (*_folders(connectors), *_installed()):
        if one.name in found:
            raise MisconfiguredError(f"two connectors are called {one.name!r}: rename one")
        found[one.name] = one
    return found


def read_manifest(found: FoundConnector) -> Manifest:
    """The manifest of a connector.

    Raises:
        MisconfiguredError: one line for each thing that cannot be.
    """
    where = f"{found.name}/{MANIFEST}"
    try:
        document = tomllib.loads((found.folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest.model_validate(document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MisconfiguredError(f"{where}: {error}") from error
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        lines = (f"{'.'.join(map(str, m['loc']))}: {m['msg']}" for m in mistakes)
        raise MisconfiguredError(*(f"{where}: {line}" for line in lines)) from error
    if problems := tuple(_impossible(found, manifest)):
        raise MisconfiguredError(*(f"{where}: {problem}" for problem in problems))
    return manifest


def _folders(connectors: Path) -> Iterator[FoundConnector]:
    for manifest in sorted(connectors.glob(f"*/{MANIFEST}")):
        name = manifest.parent.name
        yield FoundConnector(name=name, folder=manifest.parent, module=f"{connectors.name}.{name}")


def _installed() -> Iterator[FoundConnector]:
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        spec = find_spec(point.value)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            yield FoundConnector(name=point.name, folder=Path(folder), module=point.value)


def _impossible(found: FoundConnector, manifest: Manifest) -> Iterator[str]:
    if manifest.name != found.name:
        yield f"name: is {manifest.name!r}, the connector is found as {found.name!r}"
    if not manifest.provides:
        yield "provides: names no port"
    for port in sorted(manifest.limits.ids_per_call_of.keys() - manifest.provides.keys()):
        yield f"limits.ids_per_call_of.{port}: is not in provides"
    for port in sorted(manifest.provides.keys() - PORTS.keys()):
        yield f"provides.{port}: no such port; there are {', '.join(sorted(PORTS))}"
    for port in sorted(manifest.provides.keys() - manifest.freshness.keys()):
        yield f"freshness.{port}: is missing; say how its data arrives"
    for port in sorted(manifest.freshness.keys() - manifest.provides.keys()):
        yield f"freshness.{port}: is not in provides"
