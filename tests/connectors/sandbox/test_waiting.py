import asyncio
from typing import Any

import pytest

from connectors.sandbox.faults import Fault, FaultyUpstream
from tests.connectors.sandbox.served import a_system

PATIENCE = 60  # seconds until a test gives up


class Hearing:
    """One request made of plain ASGI messages, which can be hung up."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()
        self.sent: list[Any] = []
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def ask(self, app: FaultyUpstream) -> "asyncio.Task[None]":
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/depots",
            "headers": [],
            "query_string": b"",
        }
        return asyncio.create_task(app(scope, self.receive, self.send))


@pytest.mark.parametrize("kind", ["slow", "silent", "drip"])
@pytest.mark.parametrize("ending", ["the client hangs up", "the server stops"])
async def test_a_request_that_is_kept_waiting_ends_at_once_when(kind: Any, ending: str) -> None:
    shop, hearing = a_system(), Hearing()
    shop.break_with(Fault(kind=kind, seconds=3600))
    task = hearing.ask(shop)
    done, _ = await asyncio.wait({task}, timeout=0.05)
    assert not done

    if ending == "the client hangs up":
        hearing.hung_up.set()
    else:
        shop.release()
    await asyncio.wait_for(task, PATIENCE)

    bodies = [message for message in hearing.sent if message["type"] == "http.response.body"]
    assert all(message["more_body"] for message in bodies)
    assert len(bodies) == (1 if kind == "drip" else 0)
