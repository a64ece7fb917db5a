"""Which tills' receipts earn? As the settings say."""

from collections.abc import Callable
from datetime import datetime

from app.loyalty.reading import ReceiptReader, Till
from app.ports import ReceiptSource
from app.settings import Loyalty
from app.store import Store
from app.upstream.registry import Connections, port_of


def receipts_over(
    rules: Loyalty, connections: Connections, store: Store, now: Callable[[], datetime]
) -> ReceiptReader:
    """What reads receipts, of the connections that the settings name.

    Raises:
        MisconfiguredError: one of them has none.
    """
    tills = {
        name: Till(
            name=name,
            source=port_of(connections, name, ReceiptSource),
            timeout=connections[name].configured.timeout,
        )
        for name in rules.receipts
    }
    return ReceiptReader(store=store, tills=tills, rules=rules, now=now)
