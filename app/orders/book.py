"""What is counted of following orders in this process?"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class FollowBook:
    """Calls by connection and outcome, parts by connection and end; how it stood a moment ago.

    `bugs` is how often our code failed at an order, `followed` how many orders there are to look
    at, `due_at` when the first of them is due.
    """

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    given_up: int = 0
    bugs: int = 0
    followed: int = 0
    due_at: datetime | None = None
