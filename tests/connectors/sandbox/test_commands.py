import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connectors.kit.serve import serve
from connectors.sandbox import state
from connectors.sandbox.commands import sandbox
from connectors.sandbox.faults import Fault, FaultyUpstream
from connectors.sandbox.retailer.orders import Order
from tests.connectors.sandbox.served import a_system


@pytest.fixture(autouse=True)
def state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state.json"
    monkeypatch.setenv(state.VARIABLE, str(path))
    return path


@asynccontextmanager
async def a_running_sandbox() -> AsyncIterator[tuple[FaultyUpstream, FaultyUpstream]]:
    shop, tills = a_system("shop"), a_system("tills")
    async with serve(shop) as web, serve(tills) as stores:
        running = {
            "web": state.Running(system="shop", url=web),
            "stores": state.Running(system="tills", url=stores),
        }
        with state.published(running):
            yield shop, tills


async def tessera(*arguments: str) -> Result:
    """The command line, in a thread: it waits for answers of systems that this loop serves."""
    return await asyncio.to_thread(CliRunner().invoke, sandbox, arguments)


async def test_status_tells_health_and_requests_of_every_system() -> None:
    async with a_running_sandbox() as (shop, tills):
        shop.requests["/v1/prices"] = 12
        tills.break_with(Fault(kind="slow", path="/rpc/*", times=3))
        urls = {name: one.url for name, one in read_state().running.items()}

        result = await tessera("status")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"web: shop at {urls['web']}, works",
        "  12 requests",
        "      12  /v1/prices",
        f"stores: tills at {urls['stores']}, fault slow on /rpc/*, 3 more times",
        "  0 requests",
    ]


def read_state() -> state.State:
    found = state.read()
    assert found is not None
    return found


async def test_a_fault_is_set_with_its_numbers() -> None:
    async with a_running_sandbox() as (shop, tills):
        result = await tessera(
            *("fault", "tills", "throttle", "--retry-after", "7", "--times", "2"),
            *("--path", "/rpc/stock.query"),
        )

        assert (result.exit_code, result.output) == (
            0,
            "stores: fault throttle on /rpc/stock.query, 2 more times\n",
        )
        assert tills._fault == Fault(
            kind="throttle", retry_after=7, times=2, path="/rpc/stock.query"
        )
        assert shop._fault is None


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("slow", "--seconds", "0.5"), Fault(kind="slow", seconds=0.5)),
        (("fail", "--status", "503"), Fault(kind="fail", status=503)),
        (("lie", "--hours", "-2.5"), Fault(kind="lie", hours=-2.5)),
        (("bad_rows",), Fault(kind="bad_rows")),
    ],
)
async def test_every_number_reaches_the_system(arguments: tuple[str, ...], fault: Fault) -> None:
    async with a_running_sandbox() as (shop, _):
        assert (await tessera("fault", "shop", *arguments)).exit_code == 0
        assert shop._fault == fault


async def test_clear_mends_one_system_or_all() -> None:
    async with a_running_sandbox() as (shop, tills):
        shop.break_with(Fault(kind="silent"))
        tills.break_with(Fault(kind="silent"))

        one = await tessera("clear", "tills")
        assert (one.exit_code, one.output, tills._fault) == (0, "stores: works\n", None)
        assert shop._fault == Fault(kind="silent")

        both = await tessera("clear")
        assert (both.exit_code, both.output) == (0, "web: works\nstores: works\n")
        assert shop._fault is None


@pytest.mark.parametrize("arguments", [("status",), ("fault", "shop", "fail"), ("clear",)])
async def test_without_a_sandbox_one_line_says_so(arguments: tuple[str, ...]) -> None:
    result = await tessera(*arguments)

    assert result.exit_code == 2
    assert result.output == ("Error: no sandbox is running: start one with `tessera demo`\n")


async def test_a_sandbox_that_has_gone_is_said_in_one_line() -> None:
    async with serve(a_system("shop")) as url:
        pass
    with state.published({"web": state.Running(system="shop", url=url)}):
        result = await tessera("status")

    assert result.exit_code == 2
    assert result.output == (
        "Error: the shop system does not answer: the sandbox may have been stopped\n"
    )


async def test_a_system_that_does_not_run_is_said_in_one_line() -> None:
    async with a_running_sandbox():
        result = await tessera("fault", "supplier", "fail")

    assert result.exit_code == 2
    assert result.output == "Error: the running sandbox has no system 'supplier'\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fault", "loyalty", "fail"), "'loyalty' is not one of 'shop'"),
        (("fault", "shop", "sulk"), "'sulk' is not one of 'slow'"),
        (("fault", "shop", "slow", "--seconds", "soon"), "'soon' is not a valid float"),
        (("fault", "shop", "slow", "--seconds", "-1"), "seconds: Input should be greater than 0"),
        (("fault", "shop"), "Missing argument 'KIND'"),
    ],
)
async def test_a_mistake_ends_with_2_and_breaks_nothing(
    arguments: tuple[str, ...], said: str
) -> None:
    async with a_running_sandbox() as (shop, tills):
        result = await tessera(*arguments)

        assert result.exit_code == 2
        assert said in result.output.replace("\n", " ")
        assert (shop._fault, tills._fault) == (None, None)


def scribble(path: Path) -> None:
    path.write_text("{")


async def test_rubbish_in_the_state_file_is_no_sandbox(state_file: Path) -> None:
    scribble(state_file)

    assert (await tessera("status")).exit_code == 2


async def test_somebody_buys_at_the_marketplace() -> None:
    market = a_system("market")
    site: Any = market.served
    site.state.market.offer("RJK1001-BLK-S", 2, (Decimal("89.00"), "EUR"))
    async with serve(market) as url:
        with state.published({"bazaar": state.Running(system="market", url=url)}):
            bought = await tessera("buy", "RJK1001-BLK-S", "--pieces", "2")
            sold_out = await tessera("buy", "RJK1001-BLK-S")

    assert bought.output == "M-700001: 2 x RJK1001-BLK-S, 182.90 EUR\n"
    assert (sold_out.exit_code, "sold_out" in sold_out.output) == (2, True)


@asynccontextmanager
async def two_orders(key: str) -> AsyncIterator[dict[str, Any]]:
    """The shop and the warehouse run, and both have a part of an order."""
    systems = {"web": a_system("shop"), "dc": a_system("warehouse")}
    async with serve(systems["web"]) as web, serve(systems["dc"]) as dc:
        running = {
            "web": state.Running(system="shop", url=web),
            "dc": state.Running(system="warehouse", url=dc),
        }
        books: dict[str, Any] = {}
        for name, one in systems.items():
            site: Any = one.served
            books[name] = site.state.book
            books[name].orders[key] = Order(key, "X-1", (), {"total": "1.00"}, books[name].now())
        with state.published(running):
            yield books


async def test_who_packs_an_order_is_done_with_it() -> None:
    async with two_orders("ABC") as books:
        one = await tessera("ship", "ABC", "warehouse")
        assert (one.exit_code, one.output) == (0, "dc: ABC has left\n")
        assert books["dc"].orders["ABC"].completed is not None
        assert books["web"].orders["ABC"].completed is None
        both = await tessera("ship", "ABC")
        assert both.output == "web: ABC has left\ndc: ABC has left\n"
        too_late = await tessera("refuse", "ABC", "shop")
        assert (too_late.exit_code, too_late.output) == (
            2,
            "Error: web does not do that: goods_have_left\n",
        )


async def test_who_cannot_find_the_goods_ends_an_order() -> None:
    async with two_orders("ABC") as books:
        both = await tessera("refuse", "ABC")
        assert both.output == "web: ABC is cancelled\ndc: ABC is cancelled\n"
        assert all(book.orders["ABC"].cancelled is not None for book in books.values())
        too_late = await tessera("ship", "ABC", "warehouse")
        assert (too_late.exit_code, "cancelled" in too_late.output) == (2, True)


async def test_an_order_that_nobody_has_is_said_in_one_line() -> None:
    async with two_orders("ABC"):
        result = await tessera("ship", "XYZ")

    assert result.exit_code == 2
    assert result.output == ("Error: nobody has an order XYZ: the demo has those that it placed\n")
