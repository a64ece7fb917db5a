"""What does each cost that comes with every request amount to? The product page, one at a time."""

from contextlib import AsyncExitStack

from benchmarks.peers import measuring
from benchmarks.peers.goals import cheaper
from benchmarks.peers.in_memory import ENGINE, MERCURIUS, PAGE
from benchmarks.peers.load import Load, Target
from benchmarks.peers.measuring import Effort
from benchmarks.peers.report import Report, Table
from benchmarks.peers.stage import Stage, agreed
from benchmarks.peers.switches import Fixed

LEVEL = 0.95  # times as cheap, or more: what counts as level
NOTHING = f"{ENGINE}, without any of these"


def without(cost: Fixed) -> str:
    """The name of its row."""
    return f"{ENGINE}, without {cost.value}"


async def measure(stage: Stage, load: Load, effort: Effort) -> Report:
    """The page with everything, without each cost, and without all of them."""
    [page] = [question for question in stage.questions if question.name == PAGE]
    switched = {ENGINE: [], **{without(cost): [cost] for cost in Fixed}, NOTHING: list(Fixed)}
    async with AsyncExitStack() as stack:
        servers = {
            name: await stage.in_python(
                stack, "engine", data=stage.files["data"], without=[cost.value for cost in off]
            )
            for name, off in switched.items()
        }
        servers[MERCURIUS] = await stage.in_node(stack, "mercurius", stage.files)
        answers = await agreed(servers, [page])
        size = len(answers[PAGE][0])
        targets = {name: Target.graphql(server, page, size) for name, server in servers.items()}
        table = Table(PAGE, await measuring.closed(load, targets, effort), size)
    report = Report("Fixed costs of a request", [table])
    report.goals = [cheaper(PAGE, table.closed, without(Fixed.TRACING), MERCURIUS, LEVEL)]
    return report
