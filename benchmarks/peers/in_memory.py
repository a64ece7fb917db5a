"""The same schema over the same data in memory: what does each server cost, beside the floor?"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import orjson

from benchmarks.peers import measuring
from benchmarks.peers.goals import Goal, cheaper, within
from benchmarks.peers.load import Load, Target
from benchmarks.peers.measuring import Cells, Effort, Targets
from benchmarks.peers.report import Report, Table
from benchmarks.peers.running import Server
from benchmarks.peers.stage import Answers, Stage, agreed

ENGINE, GATEWAY = "Tessera, engine", "Tessera, whole gateway"
FORMLESS = "Tessera, engine, no form kept"
KEPT = "Tessera, answers kept"
MERCURIUS, YOGA, APOLLO = "mercurius, jit", "graphql-yoga", "Apollo Server"
STRAWBERRY, FLOOR = "strawberry, plain", "raw ASGI, same bytes"
NODE = {MERCURIUS: "mercurius", YOGA: "yoga", APOLLO: "apollo"}
PYTHON = {
    ENGINE: "engine",
    FORMLESS: "engine that keeps no forms",
    GATEWAY: "gateway in memory",
    KEPT: "gateway that keeps answers",
    STRAWBERRY: "strawberry",
}
PAGE, LISTING = "product page", "listing of 24"
WITH_STOCK, LARGE = "listing of 24, 10 locations", "listing of 100, 10 locations"
SHARE = 0.5  # of what Apollo Server bears: the rate of the open load


async def servers(stage: Stage, stack: AsyncExitStack) -> dict[str, Server]:
    """Every server but the floor."""
    started = {
        name: await stage.in_python(stack, application, data=stage.files["data"])
        for name, application in PYTHON.items()
    }
    for name, script in NODE.items():
        started[name] = await stage.in_node(stack, script, stage.files)
    order = (ENGINE, FORMLESS, GATEWAY, KEPT, MERCURIUS, YOGA, APOLLO, STRAWBERRY)
    return {name: started[name] for name in order}


async def measure(stage: Stage, load: Load, effort: Effort) -> Report:
    """Every question to every server."""
    async with AsyncExitStack() as stack:
        running = await servers(stage, stack)
        answers = await agreed(running, stage.questions)
        floor = await _floor(stage, stack, answers)
        tables = []
        for question in stage.questions:
            size = len(answers[question.name][0])
            targets = {name: Target.graphql(one, question, size) for name, one in running.items()}
            targets[FLOOR] = Target.floor(floor, question, size)
            tables.append(await _table(load, targets, effort, question.name, size))
    report = Report("Data in memory", tables, plotted=len(tables))
    report.goals = _goals({table.title: table.closed for table in tables})
    return report


async def _table(load: Load, targets: Targets, effort: Effort, title: str, size: int) -> Table:
    """The open load is the same for all; the largest answers come too seldom for one."""
    closed = await measuring.closed(load, targets, effort)
    if title == LARGE:
        return Table(title, closed, size)
    rate = round(SHARE * closed[APOLLO].rate)
    opened = await measuring.opened(load, targets, effort, rate=rate)
    return Table(title, closed, size, opened, rate)


async def _floor(stage: Stage, stack: AsyncExitStack, answers: Answers) -> Server:
    told = {
        question.path: [body.decode() for body in answers[question.name]]
        for question in stage.questions
    }
    file = stage.folder / "answers.json"
    file.write_bytes(orjson.dumps(told))
    return await stage.in_python(stack, "floor", answers=str(file))


def _goals(cells: Mapping[str, Cells]) -> Sequence[Goal]:
    """What the engine should be; where much follows from few kept values, the whole gateway too.

    Peers keep no form of an object, so it is told how the engine does without any, too.
    """
    listing, stock, large = cells[LISTING], cells[WITH_STOCK], cells[LARGE]
    alone = (ENGINE, FORMLESS)
    return [
        *(
            cheaper(LISTING, listing, ours, theirs, times)
            for theirs, times in ((MERCURIUS, 1.1), (YOGA, 7), (APOLLO, 10), (STRAWBERRY, 60))
            for ours in alone
        ),
        *(within(LISTING, listing, ours, FLOOR, 8) for ours in alone),
        *(
            cheaper(question, one, ours, MERCURIUS, 1.3)
            for question, one in ((WITH_STOCK, stock), (LARGE, large))
            for ours in (*alone, GATEWAY)
        ),
    ]
