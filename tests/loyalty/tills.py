"""When have the receipts of the tills been read?"""

from typing import Any

from sqlalchemy import Connection, select

from app.loyalty.tables import receipt_cursors
from tests.gateways import Sandbox
from tests.redis import until


async def all_read(sandbox: Sandbox) -> None:
    """Wait until the gateway's reader, whose turn it may be, has come to their end."""
    served: Any = sandbox.upstreams["tills"].served
    end = str(len(served.state.journal.slips))

    def there(connection: Connection) -> bool:
        return list(connection.scalars(select(receipt_cursors.c.cursor))) == [end]

    await until(lambda: sandbox.gateway.store.read(there))
