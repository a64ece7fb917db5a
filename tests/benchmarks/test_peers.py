"""Every server of the benchmarks answers the same questions with the same data, and asks alike."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest
from graphql import build_schema, lexicographic_sort_schema, print_schema

from app.api.schema import sdl
from app.engine.execution import Request
from app.engine.gate import Gate, NotAdmittedError
from app.engine.unchanging import Unchanging
from benchmarks.peers import fields, in_memory, over_http, plain, tessera
from benchmarks.peers.node import prepared
from benchmarks.peers.questions import Question, documents
from benchmarks.peers.running import Server
from benchmarks.peers.stage import Stage, agreed, staged
from benchmarks.peers.subset import subset
from benchmarks.peers.switches import FORMS, Fixed, keep_no_forms
from tests.gateways import asking
from tests.node import NoNodeError, absent

pytestmark = pytest.mark.xdist_group("node")
TIMES = 2  # that each question is asked: an operation is compiled when it comes again
CALLS = {
    in_memory.PAGE: {"/products/lookup": 1, "/prices": 1, "/levels": 1},
    in_memory.LISTING: {"/products": 1, "/prices": 1},
    in_memory.WITH_STOCK: {"/products": 1, "/prices": 1, "/levels": 1},
    in_memory.LARGE: {"/products": 1, "/prices": 1, "/levels": 1},
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    try:
        node = prepared()
    except NoNodeError as error:
        absent("the peers of the benchmarks", error)
    with staged(node) as ready:
        yield ready


async def test_servers_in_memory_answer_alike(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        servers = await in_memory.servers(stage, stack)

        answers = await agreed(servers, stage.questions, times=TIMES)

    assert len(servers) == 8
    assert [len(orjson.loads(said[0])["data"]) for said in answers.values()] == [1, 1, 1, 1]
    large = orjson.loads(answers[in_memory.LARGE][0])["data"]["products"]["edges"]
    variants = [variant for edge in large for variant in edge["node"]["variants"]]
    assert len(variants) == 300
    assert {len(variant["availability"]) for variant in variants} == {10}
    assert all(variant["price"]["amount"]["currency"] == "EUR" for variant in variants)


async def test_gateways_answer_alike_and_ask_the_upstreams_once_for_each_need(
    stage: Stage,
) -> None:
    async with AsyncExitStack() as stack:
        upstream = await over_http.upstreams(stage, stack)
        gateways = await over_http.gateways(stage, stack, upstream.url)
        await agreed(gateways, stage.questions, times=TIMES)

        for name, gateway in gateways.items():
            for question in stage.questions:
                await _calls(upstream)
                await _ask(gateway, question)
                asked = await _calls(upstream)
                if name == over_http.KEPT:
                    assert asked.items() <= CALLS[question.name].items()
                else:
                    assert (name, question.name, asked) == (
                        name,
                        question.name,
                        CALLS[question.name],
                    )

    assert len(gateways) == 8 + stage.node.has(over_http.GRAFBASE)


async def test_the_floor_makes_the_same_calls_and_sends_the_same_bytes(stage: Stage) -> None:
    asked = [one for one in stage.questions if one.name != in_memory.PAGE]
    async with AsyncExitStack() as stack:
        upstream = await over_http.upstreams(stage, stack)
        tessera = await stage.in_python(stack, "gateway over HTTP", url=upstream.url)
        answers = await agreed({over_http.TESSERA: tessera}, asked, times=TIMES)
        floor = await over_http.floor_of(stage, stack, upstream.url, asked, answers)
        async with aiohttp.ClientSession() as http:
            for question in asked:
                for answer in answers[question.name]:
                    await _calls(upstream)
                    async with http.post(f"{floor.url}/{question.path}", data=b"{}") as told:
                        assert await told.read() == answer
                    assert await _calls(upstream) == CALLS[question.name]


async def test_the_chain_is_made_of_the_calls_that_an_answer_needs(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        upstream = await over_http.upstreams(stage, stack)
        server = await stage.in_python(stack, "gateway over HTTP", url=upstream.url)
        for question in stage.questions[1:]:
            answer = await _ask(server, question)

            steps = over_http.calls_of(question.variables[0], answer)

            paths = Counter(one["path"].partition("?")[0] for step in steps for one in step)
            assert paths == CALLS[question.name]


async def test_without_a_fixed_cost_the_answer_is_the_same(stage: Stage) -> None:
    data = orjson.loads((stage.folder / "data.json").read_bytes())
    page = stage.questions[0]
    expected = await _in_process(data, frozenset(), page)

    for off in (*([cost] for cost in Fixed), list(Fixed)):
        told = await _in_process(data, frozenset(off), page)
        assert told["data"] == expected["data"]
        assert ("cost" in told.get("extensions", ())) == (Fixed.COST not in off)

    assert len(expected["data"]["product"]["variants"]) == 3


async def test_forms_are_kept_unless_none_should_be(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = orjson.loads((stage.folder / "data.json").read_bytes())
    page = stage.questions[1]
    listing = replace(page, variables=page.variables[:1] * 3)
    kept: list[object] = []
    monkeypatch.setattr(Unchanging, "again", lambda _self, *_where: kept.append(None))
    for module, name in FORMS:
        monkeypatch.setattr(module, name, getattr(module, name))  # to be put back

    with_forms = await _in_process(data, frozenset(), listing)
    many = len(kept)
    keep_no_forms()
    without = await _in_process(data, frozenset(), listing)

    assert with_forms == without
    assert (many > 0, len(kept)) == (True, many)


def _lets_in(gate: Gate, document: str, asked: Any) -> bool:
    """Whether it does not look at what it knows: there is no operation of that name."""
    try:
        gate.admit(document, **{**asked, "operation_name": "Nobody"})
    except NotAdmittedError:
        return False
    return True


async def test_each_fixed_cost_is_left_out_when_it_is_switched_off(stage: Stage) -> None:
    data = orjson.loads((stage.folder / "data.json").read_bytes())
    page = stage.questions[0]
    asked: dict[str, Any] = {"operation_name": None, "variables": page.variables[0]}

    def parts(*without: Fixed) -> Any:
        endpoint: Any = tessera.EngineAlone(data, frozenset(without)).app().routes[0]
        return endpoint.app._operations

    gates = [parts(*off)._admission._gate for off in ((), [Fixed.COST], [Fixed.GATE])]
    admitted = [(gate.admit(page.document, **asked), gate) for gate in gates]
    counted = [parts(*off)._metrics for off in ((), [Fixed.METRICS])]
    for metrics in counted:
        metrics.answered("Page", kind="query", outcome="complete", seconds=0.1)
    wrong = Request(admitted[0][0].document, "key", None, {"handle": 7})
    operations = [
        parts(*off)._executions._engine._new(wrong).operation for off in ((), [Fixed.VARIABLES])
    ]
    coerced = [one.variables.coerced({"handle": 7}) for one in operations]

    assert [one.cost > 0 for one, _ in admitted] == [True, False, True]
    assert [_lets_in(gate, page.document, asked) for _, gate in admitted] == [False, False, True]
    assert [b'outcome="complete"' in metrics.text() for metrics in counted] == [True, False]
    assert [isinstance(one, list) for one in coerced] == [True, False]


def test_both_schemas_in_python_are_the_part_of_ours_that_is_asked_for(stage: Stage) -> None:
    data = orjson.loads((stage.folder / "data.json").read_bytes())
    wanted = _sorted(subset(sdl(), documents()))

    assert _sorted(plain.schema(data).as_str()) == wanted
    assert _sorted(fields.schema(data).as_str()) == wanted


async def _ask(server: Server, question: Question) -> Any:
    headers = {"content-type": "application/json"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/graphql", data=question.bodies[0], headers=headers) as answer,
    ):
        return orjson.loads(await answer.read())


async def _in_process(data: Any, without: frozenset[Fixed], question: Question) -> Any:
    """The third answer, when the operation has been compiled, asked for until it is known."""
    app = tessera.EngineAlone(data, without).app()
    async with app.router.lifespan_context(app), asking(app) as ask:
        for variables in (*question.variables[:3], *question.variables[2:3] * 2):
            answer = await ask(question.document, **variables)
    return answer


async def _calls(upstream: Server) -> dict[str, int]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{upstream.url}/calls") as answer,
    ):
        counted: dict[str, int] = await answer.json()
    return counted


def _sorted(text: str) -> str:
    """Without descriptions, in order."""
    bare = re.sub(r'"""(.|\n)*?"""', "", text)
    return print_schema(lexicographic_sort_schema(build_schema(bare)))
