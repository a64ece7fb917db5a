"""Runs Apollo's compatibility suite: its checks, its subgraphs, and a router over all of them.

`python -m tests.federation.compatibility.suite` prints its table.

The suite starts its supergraph with Rover and Apollo Router, which come as binaries from a server
of Apollo's. Here Apollo's composition library and a router from npm take their place; the checks
and the suite's two subgraphs are its own.
"""

import asyncio
import json
import logging
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from connectors.kit.serve import serve
from tests.federation.compatibility import products
from tests.federation.routers import Node, composed, node, routing, running
from tests.node import run

RECIPE = Path(__file__).parent / "apollo-suite"
PACKAGE = "node_modules/@apollo/federation-subgraph-compatibility-tests"
SUITE_WITHIN = 180.0  # seconds


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every check of the suite's table, how many tests that took, and what was told of failures."""

    checks: dict[str, bool]
    ran: int
    told: list[str]

    @property
    def table(self) -> str:
        """As `docs/federation.md` has it."""
        rows = [
            f"| `{check}` | {'passes' if passed else 'fails'} |"
            for check, passed in self.checks.items()
        ]
        return "\n".join(["| check | |", "|---|---|", *rows])


async def judged(router: str) -> Verdict:
    """The verdict on our machinery, with the router `apollo` or `hive`."""
    suite = await asyncio.to_thread(node, RECIPE)
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(serve(products.app()))
        subgraphs = {"products": (f"{ours}/graphql", products.sdl())}
        for name in ("inventory", "users"):
            url = await stack.enter_async_context(running(suite, "subgraph.js", name))
            subgraphs[name] = (url, _sdl_of(suite, name))
        said = await asyncio.to_thread(composed, subgraphs)
        assert [one["errors"] for one in said.values()] == [[], []]
        over = await stack.enter_async_context(routing(router, said["apollo"]["supergraph"]))
        return await asyncio.to_thread(_run, suite, f"{ours}/graphql", f"{over}/graphql")


def _sdl_of(suite: Node, name: str) -> str:
    return (suite.home / PACKAGE / "dist/subgraphs" / name / f"{name}.graphql").read_text()


def _run(suite: Node, subgraph: str, router: str) -> Verdict:
    command = [*suite.command, "run.js", subgraph, router]
    environment = {"CI": "true"}
    return Verdict(**json.loads(run(command, suite.home, environment, SUITE_WITHIN)))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.stdout.write(f"{asyncio.run(judged('apollo')).table}\n")
