"""Which documents may be asked, how much may each caller spend, and where do processes share?"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.settings.words import Network, Positive, Section
from app.values import PrincipalKind

ClientName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
MOST_POINTS = 10**9


class Documents(Section):
    """Trusted documents; see `docs/trusted-documents.md`.

    `files` are manifests by client name; `folder` is the one that `tessera documents` keeps.
    `automatic` lets clients register their documents while they run.
    """

    mode: Literal["off", "warn", "enforce"] = "off"
    files: Mapping[ClientName, tuple[Path, ...]] = Field(default_factory=dict)
    folder: Path | None = None
    reload_every: Positive = timedelta(seconds=5)
    automatic: bool = False

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.mode != "off" and self.folder is None and not self.files:
            raise ValueError(f"mode {self.mode!r} needs files or a folder of documents")
        if self.mode == "enforce" and self.automatic:
            raise ValueError(
                "automatic persisted queries let every client register documents:"
                " switch them off, or do not enforce trusted documents"
            )
        return self


class Points(Section):
    """What one caller may spend: `size` points at once, `restore_rate` points a second."""

    size: int = Field(ge=1, le=MOST_POINTS)
    restore_rate: int = Field(ge=1, le=MOST_POINTS)


class Budget(Points):
    """The points of every caller.

    Who has proved to be of one of `kinds` has the points of those; others have those of their
    network, the narrowest of `networks` that fits.

    `processes` that do not know of one another's spending have a part each: without a Redis always,
    with one while it is silent.
    """

    kinds: Mapping[PrincipalKind, Points] = Field(default_factory=dict)
    networks: Mapping[Network, Points] = Field(default_factory=dict)
    processes: int = Field(default=1, ge=1, le=10_000)


class Redis(Section):
    """The Redis that processes share. After `timeout` a question to it is given up.

    `url` says where the address is, which may hold a password: `{ env = … }` or `{ file = … }`.
    """

    url: object
    timeout: Positive = timedelta(milliseconds=50)
