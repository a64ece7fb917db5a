"""What happened? A fact is written with the change it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened, named in the past tense (`HoldPlaced`).

    `entity` is the thing it happened to, `body` what is needed to act on it, as JSON.
    `party` is whose business it is beside the house's, where it is somebody's.
    """

    kind: str
    entity: str
    body: Mapping[str, Any]
    party: str | None = None
