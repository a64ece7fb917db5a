"""Apollo Client, urql and Relay, as pages use them, against the gateway over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.kit.serve import serve
from tests.builders import a_level, a_location
from tests.clients.test_http_audits import app_of, requests_only
from tests.gateways import Retailer, gateway_over, sandbox_gateway
from tests.node import Engine, NoNodeError, absent, find_engine, installed
from tests.parts.schemas import Desk, a_schema
from tests.streams.served import served

RECIPE = Path(__file__).parent / "front"
SCHEMA = Path(__file__).parents[2] / "schema.graphql"
WITHIN = 60.0  # seconds
PROTOCOLS = ("deferSpec", "incrementalSpec")
PAGE = """query Page($handle: String!) { product(handle: $handle) { name
  ... @defer(label: "stock") { variants { sku availability { status availableToSell } } } } }"""
HANDLE = '{"handle": "shirt"}'


@pytest.fixture(scope="module")
def packages() -> tuple[Engine, Path]:
    try:
        engine = find_engine()
        return engine, installed(RECIPE, engine)
    except NoNodeError as error:
        absent("Apollo Client, urql and Relay", error)


@asynccontextmanager
async def states(
    packages: tuple[Engine, Path], script: str, *arguments: str
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """What a page sees, one state after another, as soon as it sees it."""
    engine, home = packages
    page = await asyncio.create_subprocess_exec(
        *engine.node, script, *arguments, cwd=home, stdout=asyncio.subprocess.PIPE
    )
    assert page.stdout is not None
    try:
        async with asyncio.timeout(WITHIN):
            yield (orjson.loads(line) async for line in page.stdout)
            assert await page.wait() == 0
    finally:
        if page.returncode is None:
            page.kill()
            await page.wait()


async def seen(packages: tuple[Engine, Path], script: str, *arguments: str) -> list[dict[str, Any]]:
    async with states(packages, script, *arguments) as told:
        return [without_types(state) async for state in told]


def without_types(value: Any) -> Any:
    """Clients ask for the type of everything they keep."""
    if isinstance(value, dict):
        return {key: without_types(one) for key, one in value.items() if key != "__typename"}
    return [without_types(one) for one in value] if isinstance(value, list) else value


@asynccontextmanager
async def a_shop(answers: asyncio.Event) -> AsyncIterator[str]:
    """The address of a gateway over a shop, and over tills that answer when they are let."""

    async def wait() -> None:
        await answers.wait()

    tills = Retailer(levels=[a_level()], known_locations=[a_location()], wait=wait)
    systems = {"shop": Retailer(), "tills": tills}
    async with (
        gateway_over(
            systems, bind={"stock": {"tills": ["*"]}}, requests={"budget": "PT30S"}
        ) as ask,
        serve(requests_only(app_of(ask))) as address,
    ):
        yield f"{address}/graphql"


@asynccontextmanager
async def things() -> AsyncIterator[str]:
    """The address of a gateway over a schema of the tests, in which everything answers."""
    desk = Desk()
    desk.open.set()
    async with served(schema=a_schema(desk)) as gateway:
        yield gateway.url


@pytest.mark.parametrize(
    ("script", "protocol"),
    [("apollo.mjs", "deferSpec"), ("apollo.mjs", "incrementalSpec"), ("urql.mjs", None)],
)
async def test_a_page_is_there_before_the_slow_system_has_answered(
    packages: tuple[Engine, Path], script: str, protocol: str | None
) -> None:
    answers = asyncio.Event()
    async with a_shop(answers) as address:
        arguments = [address, *([protocol] if protocol else []), PAGE, HANDLE]
        async with states(packages, script, *arguments) as told:
            first = without_types(await anext(told))
            assert not answers.is_set()
            answers.set()
            (last,) = [without_types(state) async for state in told]

    stock = [{"status": "IN_STOCK", "availableToSell": 5}]
    assert first["data"] == {"product": {"name": "Camicia"}}
    assert last["data"] == {
        "product": {"name": "Camicia", "variants": [{"sku": "SHIRT-M", "availability": stock}]}
    }
    assert "error" not in last


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_apollo_client_asks_queries_and_mutations(
    packages: tuple[Engine, Path], protocol: str
) -> None:
    async with things() as address:
        query = await seen(packages, "apollo.mjs", address, protocol, "{ thing { number } }")
        mutation = await seen(
            packages, "apollo.mjs", address, protocol, 'mutation { change(to: "b") { number } }'
        )

    assert query == [{"data": {"thing": {"number": 1}}, "dataState": "complete"}]
    assert mutation == [{"data": {"change": {"number": 1}}}]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_apollo_client_sees_errors_of_deferred_parts(
    packages: tuple[Engine, Path], protocol: str
) -> None:
    query = "{ thing { number ... @defer { refused } } }"
    async with things() as address:
        *_, last = await seen(packages, "apollo.mjs", address, protocol, query)

    assert last["data"] == {"thing": {"number": 1, "refused": None}}
    assert last["error"] == "Not that."


@pytest.mark.parametrize(
    ("script", "protocol"),
    [("apollo.mjs", "deferSpec"), ("apollo.mjs", "incrementalSpec"), ("urql.mjs", None)],
)
async def test_lists_are_streamed_to_clients(
    packages: tuple[Engine, Path], script: str, protocol: str | None
) -> None:
    query = "{ things(count: 4) @stream(initialCount: 1) { number } }"
    async with things() as address:
        arguments = [address, *([protocol] if protocol else []), query]
        first, *_, last = await seen(packages, script, *arguments)

    assert first["data"] == {"things": [{"number": 1}]}
    assert last["data"] == {"things": [{"number": number} for number in (1, 2, 3, 4)]}


async def test_apollo_client_subscribes_by_multipart(packages: tuple[Engine, Path]) -> None:
    query = "subscription { count(to: 3) { number } }"
    async with served() as gateway:
        told = await seen(packages, "apollo.mjs", gateway.url, "deferSpec", query)
        transports = dict(gateway.gateway.lasting.operations)

    assert [state["data"]["count"]["number"] for state in told] == [1, 2, 3]
    assert transports == {"multipart": 1}


async def test_apollo_client_is_told_why_a_subscription_broke_off(
    packages: tuple[Engine, Path],
) -> None:
    async with served() as gateway:
        query = "subscription { refused }"
        told = await seen(packages, "apollo.mjs", gateway.url, "deferSpec", query)

    assert told == [{"error": "Not that."}]


async def test_urql_subscribes_by_events(packages: tuple[Engine, Path]) -> None:
    query = "subscription { count(to: 2) { number } }"
    async with served() as gateway:
        told = await seen(packages, "urql.mjs", gateway.url, query)
        transports = dict(gateway.gateway.lasting.operations)

    assert [state["data"]["count"]["number"] for state in told][:2] == [1, 2]
    assert told[-1]["hasNext"] is False
    assert transports == {"events": 1}


async def test_relay_compiles_against_our_schema_and_reads_what_it_asked(
    packages: tuple[Engine, Path], tmp_path: Path
) -> None:
    async with (
        sandbox_gateway() as sandbox,
        serve(requests_only(app_of(sandbox.ask))) as address,
    ):
        told = await seen(
            packages, "relay.mjs", f"{address}/graphql", str(SCHEMA), str(tmp_path / "page")
        )

    listings = [state["listing"] for state in told if "listing" in state]
    names = [["Abito a portafoglio Asiago", "Abito a portafoglio Bellagio"]] * len(listings)
    assert [[one["name"] for one in listing] for listing in listings] == names
    assert [len(one["variants"]) for one in listings[0]] == [2, 2]
    assert not any("stock" in one for one in listings[0])
    assert [one["stock"][0]["status"] for one in listings[-1]] == ["IN_STOCK", "IN_STOCK"]
    assert told[len(listings) :] == [{"hasNextPage": True}, {"page": 3}, {"refetched": True}]
