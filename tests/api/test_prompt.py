"""What turns out to have to wait leaves nothing behind."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest
from opentelemetry.trace import get_current_span

from app.api.executing import Executions
from app.api.prompt import Going, PromptOperations
from app.api.request_ids import REQUEST_ID
from app.engine.again import Again
from tests.api.test_together import NAMES, question, served, wire
from tests.spans import recorder

HERE: ContextVar[str] = ContextVar("here", default="outside")
NOTHING: Any = None


async def test_what_has_to_wait_is_cancelled_where_it_waits() -> None:
    ended: list[str] = []

    async def going() -> None:
        token = HERE.set("inside")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(HERE.get())
            await asyncio.sleep(0)  # as who gives a connection back
            ended.append("in its own time")
            raise
        finally:
            HERE.reset(token)

    ending: set[asyncio.Task[Any]] = set()
    prompt = PromptOperations(
        NOTHING, NOTHING, None, usual=lambda *_: going(), tell=print, ending=ending
    )
    one = Going(NOTHING, NOTHING, Again(prompt=True), NOTHING, 0.0)

    assert not prompt.execute(one)
    assert (one.done, one.again.prompt, HERE.get()) == (None, False, "outside")
    [task] = ending
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (ended, ending) == (["inside", "in its own time"], set())
    assert not prompt.execute(one)
    assert ending == set()  # it was not even begun


async def test_an_execution_is_a_part_of_its_span_and_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = recorder()
    server = await served(cache={"answers": False})
    await server.known(question(NAMES))
    exporter.clear()
    usual, seen = Executions.going, []

    def going(self: Executions, one: Any) -> Any:
        seen.append((REQUEST_ID.get(), get_current_span().get_span_context().span_id))
        return usual(self, one)

    tell, ends = PromptOperations.tell, []

    def noted(self: PromptOperations, one: Going, request_id: str) -> None:
        ends.append(one.ended_at)
        tell(self, one, request_id)

    monkeypatch.setattr(Executions, "going", going)
    monkeypatch.setattr(PromptOperations, "tell", noted)
    await server.ask(*[wire(question(NAMES), ("x-request-id", one)) for one in ("a", "b", "c")])

    spans = [one for one in exporter.get_finished_spans() if one.name == "query"]
    assert seen == [
        (name, one.context and one.context.span_id)
        for name, one in zip(("a", "b", "c"), spans, strict=True)
    ]
    assert [one.end_time for one in spans] == ends
    assert server.counts == {"together": 3}
