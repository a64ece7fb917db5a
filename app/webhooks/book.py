"""What is counted of webhooks in this process?"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class WebhookBook:
    """Counts by endpoint or connection, and since when an endpoint is behind.

    `failed` counts deliveries that were not taken, by reason, `dead` messages that were given up.
    `heard` counts what systems outside sent: TAKEN, DUPLICATE, or why it was refused. `disabled`
    are endpoints that said they were gone.
    """

    sent: Counter[str] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    heard: Counter[tuple[str, str]] = field(default_factory=Counter)
    behind_since: dict[str, datetime | None] = field(default_factory=dict)
    disabled: dict[str, bool] = field(default_factory=dict)
