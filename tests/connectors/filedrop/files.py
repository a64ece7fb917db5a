"""Files of a partner, and a desk that looks after them in a folder of this machine."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import Drop, SilentError
from connectors.filedrop.folder import Folder
from connectors.filedrop.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLUMNS = {"sku": "sku", "on_hand": "units", "place": "place", "as_of": "counted"}
STOCK: Mapping[str, Any] = {"full": ["full-*"], "delta": ["delta-*"], "columns": COLUMNS}
ANSWERS: Mapping[str, Any] = {
    "answers": ["answer-*"],
    "columns": {"number": "number", "state": "state", "reference": "ours", "as_of": "at"},
    "states": {"yes": "ACCEPTED", "no": "REFUSED", "sent": "COMPLETED", "gone": "CANCELLED"},
}


class Clock:
    """A clock that a test moves."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def settings(root: Path, **changes: Any) -> Settings:
    return Settings.model_validate({"folder": str(root), "stock": STOCK, **changes})


class Partner:
    """A partner who shares a folder with us."""

    def __init__(self, root: Path, drop: Drop | None = None, **changes: Any) -> None:
        self.root = root
        self.clock = Clock()
        self.changes = changes
        self.desk = self.another(drop)

    def another(self, drop: Drop | None = None) -> Desk:
        """A desk that knows nothing yet: that of another process, or after a start."""
        return Desk(settings(self.root, **self.changes), drop, self.clock)

    def send(self, name: str, text: str | bytes) -> Path:
        folder = self.root / "in"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def there(self, folder: str) -> list[str]:
        path = self.root / folder
        return sorted(one.name for one in path.iterdir()) if path.is_dir() else []

    def tops(self) -> list[str]:
        """The folders that were made."""
        return sorted(one.name for one in self.root.iterdir())

    def why(self, name: str) -> list[str]:
        """What the file beside a rejected one says, without its head."""
        text = (self.root / "rejected" / f"{name}.reason.txt").read_text()
        head, _, *lines = text.splitlines()
        assert head == f"file: {name.split('~', maxsplit=1)[0]}"
        return lines


def table(*rows: str, header: str = "sku,place,units,counted") -> str:
    return "\n".join([header, *rows]) + "\n"


def line(sku: str, units: int | str, at: str = "2026-11-20T10:00Z", place: str = "P1") -> str:
    return f"{sku},{place},{units},{at}"


def known(desk: Desk, *skus: str, places: tuple[str, ...] = ("P1", "P2")) -> dict[str, int]:
    """What is known of these SKUs, by SKU and place."""
    return {
        f"{told.level.sku}@{told.level.place}": told.level.on_hand
        for told in desk.collector.news.levels(skus, places)
    }


class Dying(Folder):
    """A process that ends at one of its steps, before or after it had its effect."""

    def __init__(self, root: Path, step: int, *, after: bool) -> None:
        super().__init__(str(root))
        self.steps = count(1)
        self.step, self.after = step, after

    async def _done(self, act: Any) -> Any:
        if (now := next(self.steps)) > self.step or (now == self.step and not self.after):
            raise SilentError("gone")
        done = await super()._done(act)
        if now == self.step:
            raise SilentError("gone")
        return done
