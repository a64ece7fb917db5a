"""What is counted of marketplaces in this process?"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class MarketBook:
    """Counts by connection, and how it stands as of the last look.

    `taken` are orders, `refused` they by reason, `told` listings by what came of it. `fates` is how
    many orders there are of each fate; `behind` how many listings are to be told, and since when.
    """

    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    polled_at: dict[str, datetime] = field(default_factory=dict)
    fates: dict[str, dict[str, int]] = field(default_factory=dict)
    behind: dict[str, tuple[int, datetime | None]] = field(default_factory=dict)
