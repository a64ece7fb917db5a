"""Which connectors are there, and is what their cards say possible?"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from app.errors import MisconfiguredError
from app.ports import PORTS, Manifest

CARD = "manifest.toml"
ENTRY_POINTS = "tessera.connectors"
CONNECTORS = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A connector that could be imported as `module`; nothing of it has been read or executed."""

    name: str
    folder: Path
    module: str

    @property
    def tests(self) -> Path:
        """Where its tests are: beside ours for a connector of this project, else in its folder."""
        beside = self.folder.parent.parent / "tests" / "connectors" / self.name
        return beside if beside.is_dir() else self.folder / "tests"

    @property
    def live_tests(self) -> Path:
        """Where tests against a live upstream are."""
        beside = self.folder.parent.parent / "tests" / "real"
        return beside if beside.is_dir() else self.tests


def find(connectors: Path = CONNECTORS) -> Mapping[str, Found]:
    """Every connector by name: folders of `connectors` with a card, then installed packages.

    Raises:
        MisconfiguredError: two connectors share a name.
    """
    found: dict[str, Found] = {}
    for one in (*_folders(connectors), *_installed()):
        if one.name in found:
            raise MisconfiguredError(f"two connectors are called {one.name!r}: rename one")
        found[one.name] = one
    return found


def _folders(connectors: Path) -> Iterator[Found]:
    for card in sorted(connectors.glob(f"*/{CARD}")):
        name = card.parent.name
        yield Found(name=name, folder=card.parent, module=f"{connectors.name}.{name}")


def _installed() -> Iterator[Found]:
    """Packages that announce themselves: the entry point's value is the package."""
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        spec = find_spec(point.value)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            yield Found(name=point.name, folder=Path(folder), module=point.value)


def load(found: Found) -> Manifest:
    """The card of a connector.

    Raises:
        MisconfiguredError: one line for each thing that cannot be.
    """
    where = f"{found.name}/{CARD}"
    try:
        document = tomllib.loads((found.folder / CARD).read_text(encoding="utf-8"))
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


def _impossible(found: Found, manifest: Manifest) -> Iterator[str]:
    if manifest.name != found.name:
        yield f"name: is {manifest.name!r}, the connector is found as {found.name!r}"
    if not manifest.provides:
        yield "provides: names no port"
    for port in sorted(manifest.provides.keys() - PORTS.keys()):
        yield f"provides.{port}: no such port; there are {', '.join(sorted(PORTS))}"
    for port in sorted(manifest.provides.keys() - manifest.freshness.keys()):
        yield f"freshness.{port}: is missing; say how its data arrives"
    for port in sorted(manifest.freshness.keys() - manifest.provides.keys()):
        yield f"freshness.{port}: is not in provides"
