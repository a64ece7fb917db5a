"""What turns out to have to wait leaves nothing behind."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest
from opentelemetry.trace import get_current_span

from app.api.admission import Admission
from app.api.executing import Executions
from app.api.prompt import Going, PromptOperations
from app.api.request_ids import REQUEST_ID
from app.engine.again import Again
from tests.api.wired import NAMES, TIME, question, served, wire
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


@pytest.mark.parametrize("asked", [NAMES, TIME])  # what others may keep, and what nobody may
@pytest.mark.parametrize("step", ["going", "outcome"])
@pytest.mark.parametrize(("error", "status"), [(ZeroDivisionError, 500), (TimeoutError, 504)])
async def test_what_goes_wrong_is_told_once_and_settled(
    monkeypatch: pytest.MonkeyPatch, asked: str, step: str, error: type[Exception], status: int
) -> None:
    server = await served(cache={"answers": False})
    await server.known(question(asked))
    charged: list[int] = []
    usual = Admission.admit_at_once

    def admitted(self: Admission, *given: Any) -> Any:
        charged.append(1)
        return usual(self, *given)

    async def failing() -> None:
        raise error("secret")

    def fails(*_: Any) -> Any:
        if step == "going":
            return failing()
        raise error("secret")

    monkeypatch.setattr(Admission, "admit_at_once", admitted)
    monkeypatch.setattr(Executions, step, fails)
    [answer] = await server.ask(wire(question(asked)))

    assert (answer.status, charged, server.counts) == (status, [1], {"together": 1})
    assert b"secret" not in answer.body
    assert answer.json["extensions"]["cost"]["actual"] is not None
