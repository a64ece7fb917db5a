"""How does a new connector begin? As one that works, for a vendor that does not exist."""

import keyword
import re
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST_NAME = 20  # characters; longer names would break the templates' lines
TAKEN = frozenset({"kit", "templates", "tests"})


def new(name: str, into: Path, *, today: date | None = None) -> list[Path]:
    """Write `connectors/<name>/` and `tests/connectors/<name>/` below `into`; the files written.

    Raises:
        ValueError: the name cannot be a connector's.
        FileExistsError: one of the folders is there already.
    """
    _refuse_bad(name)
    folders = {
        "connector": into / "connectors" / name,
        "tests": into / "tests" / "connectors" / name,
    }
    for folder in folders.values():
        if folder.exists():
            raise FileExistsError(f"{folder.relative_to(into)} is there already")
    words = _words(name, today or datetime.now(UTC).date())
    return [
        _written(template, folder, words)
        for kind, folder in folders.items()
        for template in sorted((TEMPLATES / kind).glob("*.txt"))
    ]


def _refuse_bad(name: str) -> None:
    asked = f"{name!r} cannot name a connector"
    if not NAME.fullmatch(name):
        raise ValueError(f"{asked}: use lower-case words joined by underscores")
    if keyword.iskeyword(name) or name in TAKEN:
        raise ValueError(f"{asked}: the word is taken")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{asked}: use at most {LONGEST_NAME} characters")


def _words(name: str, today: date) -> dict[str, str]:
    words = name.split("_")
    return {
        "name": name,
        "upper_name": name.upper(),
        "class_name": "".join(word.capitalize() for word in words),
        "title": " ".join(word.capitalize() for word in words),
        "today": today.isoformat(),
    }


def _written(template: Path, folder: Path, words: dict[str, str]) -> Path:
    target = folder / template.stem.replace("test_name", f"test_{words['name']}")
    target.parent.mkdir(parents=True, exist_ok=True)
    text = Template(template.read_text(encoding="utf-8")).substitute(words)
    target.write_text(_imports_sorted(text), encoding="utf-8")
    return target


def _imports_sorted(text: str) -> str:
    """Imports of the kit stand before or after those of the connector, as its name wants it."""
    groups = groupby(text.splitlines(), key=lambda line: line.startswith("from connectors."))
    lines = [line for ours, group in groups for line in (sorted(group) if ours else group)]
    return "\n".join(lines) + "\n"
