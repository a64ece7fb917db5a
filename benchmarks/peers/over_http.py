"""The same HTTP JSON upstreams behind several gateways: what does each cost, and how late is it?"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import orjson

from benchmarks.peers import measuring
from benchmarks.peers.assortment import PLACES
from benchmarks.peers.goals import cheaper, soon
from benchmarks.peers.in_memory import LISTING, WITH_STOCK
from benchmarks.peers.load import Cell, Load, Target
from benchmarks.peers.measuring import Cells, Effort, Targets
from benchmarks.peers.node import Node
from benchmarks.peers.questions import Question
from benchmarks.peers.report import Report, Table
from benchmarks.peers.running import Server
from benchmarks.peers.stage import Answers, Stage, agreed

TESSERA, KEPT = "Tessera", "Tessera, values kept"
UNFORESEEN = "Tessera, nothing foreseen"
MERCURIUS = "mercurius, jit + undici"
APOLLO, HIVE = "Apollo Server + undici", "Hive Gateway, REST"
CHAIN, FLOOR = "slowest chain of calls", "raw ASGI, same calls and bytes"
REST = {MERCURIUS: "mercurius", APOLLO: "apollo", HIVE: "hive-rest"}
ONE_SUBGRAPH = {
    "Hive Gateway, 1 subgraph": "hive",
    "Apollo Gateway, 1 subgraph": "apollo-gateway",
    "Grafbase, 1 subgraph": "grafbase",
}
GRAFBASE = "@grafbase/cli-x86_64-unknown-linux-musl"
HOP, CLIENTS = 20, 8  # milliseconds each call takes; clients that wait
LONGER = 2  # times as long as other loads, since there are few answers


async def upstreams(stage: Stage, stack: AsyncExitStack) -> Server:
    """What all gateways ask."""
    return await stage.in_node(stack, "upstream", stage.files, beside=True)


async def gateways(stage: Stage, stack: AsyncExitStack, upstream: str) -> dict[str, Server]:
    """Every gateway over the upstreams. The one subgraph runs beside these, and is not counted."""
    asked = {"schema": stage.files["schema"], "url": upstream}
    found = {
        TESSERA: await stage.in_python(stack, "gateway over HTTP", url=upstream),
        UNFORESEEN: await stage.in_python(stack, "gateway over HTTP", url=upstream, ahead=False),
        KEPT: await stage.in_python(stack, "gateway that keeps values", url=upstream),
    }
    for name, script in REST.items():
        found[name] = await stage.in_node(stack, script, asked)
    subgraph = await stage.in_node(stack, "mercurius", asked, beside=True)
    for name, script in _over_one_subgraph(stage.node).items():
        found[name] = await stage.in_node(stack, script, asked | {"url": subgraph.url})
    return found


def _over_one_subgraph(node: Node) -> dict[str, str]:
    """Grafbase is a native program, and not there for every platform."""
    if node.has(GRAFBASE):
        return ONE_SUBGRAPH
    print(f"{GRAFBASE} is not for this platform: no figures of Grafbase\n")
    return {name: script for name, script in ONE_SUBGRAPH.items() if script != "grafbase"}


async def measure(stage: Stage, load: Load, effort: Effort) -> Report:
    """Both listings: as fast as can be, and with a wait at every hop."""
    asked = [one for one in stage.questions if one.name in {LISTING, WITH_STOCK}]
    async with AsyncExitStack() as stack:
        behind = await upstreams(stage, stack)
        running = await gateways(stage, stack, behind.url)
        answers = await agreed(running, asked)
        floor = await floor_of(stage, stack, behind.url, asked, answers)
        sizes = {question.name: len(answers[question.name][0]) for question in asked}
        targets = {
            one.name: {
                **{
                    name: Target.graphql(server, one, sizes[one.name])
                    for name, server in running.items()
                },
                FLOOR: Target.floor(floor, one, sizes[one.name]),
            }
            for one in asked
        }
        tables = [
            Table(name, await measuring.closed(load, ones, effort), sizes[name])
            for name, ones in targets.items()
        ]
        await delay(behind, HOP)
        waits = [
            Table(
                f"{question.name}, {HOP} ms a call, {CLIENTS} clients",
                await _waits(load, behind, targets[question.name], question, answers, effort),
            )
            for question in asked
        ]
    report = Report("HTTP JSON upstreams", [*tables, *waits], plotted=len(tables))
    listing = tables[0].closed
    report.goals = [
        *(
            cheaper(LISTING, listing, ours, theirs, times)
            for theirs, times in ((APOLLO, 9), (HIVE, 16))
            for ours in (TESSERA, KEPT)
        ),
        *(
            goal
            for table in waits
            for ours in (TESSERA, UNFORESEEN)
            for goal in soon(table.title, table.closed, ours, CHAIN)
        ),
    ]
    return report


async def floor_of(
    stage: Stage, stack: AsyncExitStack, upstream: str, asked: Sequence[Question], answers: Answers
) -> Server:
    """The least that an answer can cost a gateway in Python: its calls, and its bytes."""
    told = {
        question.path: [
            {"calls": calls, "body": body.decode()}
            for calls, body in zip(calls_to(question, answers), answers[question.name], strict=True)
        ]
        for question in asked
    }
    file = stage.folder / "answers.json"
    file.write_bytes(orjson.dumps(told))
    return await stage.in_python(stack, "floor over HTTP", answers=str(file), url=upstream)


async def delay(upstream: Server, milliseconds: int) -> None:
    """Let every call take so long from now on."""
    async with aiohttp.ClientSession() as http:
        await http.post(f"{upstream.url}/delay", json={"milliseconds": milliseconds})


async def _waits(
    load: Load,
    upstream: Server,
    targets: Targets,
    question: Question,
    answers: Answers,
    effort: Effort,
) -> Cells:
    """Every gateway, and the calls alone."""
    calls = calls_to(question, answers)
    seconds = effort.seconds * LONGER
    amounts = {
        name: await measuring.warmed(load, target, seconds, CLIENTS)
        for name, target in targets.items()
    }
    rounds: dict[str, list[Cell]] = {name: [] for name in (CHAIN, *targets)}
    for _ in range(effort.rounds):
        alone = await load.chain(upstream.url, calls, clients=CLIENTS, seconds=seconds)
        rounds[CHAIN].append(alone)
        for name, target in targets.items():
            cell = await load.closed(target, amount=amounts[name], connections=CLIENTS)
            rounds[name].append(cell)
    return {name: Cell.of(cells) for name, cells in rounds.items()}


def calls_to(question: Question, answers: Answers) -> list[Any]:
    """The calls that each answer to a question needs."""
    told = zip(question.variables, answers[question.name], strict=False)
    return [calls_of(variables, orjson.loads(body)) for variables, body in told]


def calls_of(variables: Any, answer: Any) -> list[list[dict[str, str]]]:
    """The calls an answer needs, in steps: the page, then prices and stock at once."""
    after = "" if variables["after"] is None else f"&after={variables['after']}"
    page = {"path": f"/products?first={variables['first']}{after}"}
    nodes = [edge["node"] for edge in answer["data"]["products"]["edges"]]
    variants = [variant for node in nodes for variant in node["variants"]]
    skus = [variant["sku"] for variant in variants]
    asked: dict[str, Any] = {"/prices": {"skus": skus, "currency": "EUR"}}
    if "availability" in variants[0]:
        asked["/levels"] = {"skus": skus, "locations": sorted(PLACES)}
    bodies = [{"path": path, "body": orjson.dumps(body).decode()} for path, body in asked.items()]
    return [[page], bodies]
