"""How long does a listing page of 48 variants with promises take, and what does it ask for?

The demo retailer: a gateway process, its systems in another, the client in this one, all over HTTP.
Stock is asked for anew at every page (`fresh_for` of nothing), or kept for as long as by default;
the page of the catalogue and its prices are kept as by default after the first time. Another
quantity at every turn, so that no answer is repeated. The systems themselves count their calls.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import aiohttp

from connectors.sandbox.embedded import embedded
from connectors.sandbox.faults import CONTROL
from connectors.sandbox.settings import Settings, System
from tests.flows.test_promises import LISTING, MILAN
from tests.processes import running

SYSTEMS: tuple[System, ...] = ("shop", "tills", "warehouse", "supplier", "payments")
PAGES, VARIANTS = 300, 48
STOCK: Mapping[str, str] = {"asked anew": 'fresh_for = "PT0S"', "kept as by default": ""}


async def main() -> None:
    """Measure and print."""
    print(f"A listing page of {VARIANTS} variants with promises, over HTTP")
    for name, stock in STOCK.items():
        await measured(name, stock)


async def measured(name: str, stock: str) -> None:
    """One gateway, from its first page on."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        asked = {str(one): Settings(url="embedded", system=one) for one in SYSTEMS}
        addresses = await stack.enter_async_context(embedded(asked))
        (folder / "tessera.toml").write_text(settings(addresses, stock))
        _, address = stack.enter_context(running("serve", cwd=folder))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        before = await calls(http, addresses)
        first = await page(http, address, 1)
        cold = difference(before, await calls(http, addresses))
        for quantity in (2, 3):
            await page(http, address, quantity)
        before = await calls(http, addresses)
        took = sorted([await page(http, address, 1 + at % 3) for at in range(PAGES)])
        warm = difference(before, await calls(http, addresses))
    most = ", ".join(f"{system} {count / PAGES:.2f}" for system, count in warm.items() if count)
    print(f"  stock {name}: first page {first * 1e3:.0f} ms, calls {cold}")
    print(
        f"    then p50 {median(took) * 1e3:.1f} ms, p99 {took[int(PAGES * 0.99) - 1] * 1e3:.1f} ms,"
        f" calls a page {most}"
    )


async def page(http: aiohttp.ClientSession, address: str, quantity: int) -> float:
    """Seconds of one page; what it says is looked at."""
    body = {"query": LISTING, "variables": {"to": MILAN, "quantity": quantity}}
    began = perf_counter()
    async with http.post(address, json=body) as answer:
        told: dict[str, Any] = await answer.json(content_type=None)
    took = perf_counter() - began
    edges = told["data"]["products"]["edges"]
    promises = [one["promise"] for edge in edges for one in edge["node"]["variants"]]
    if "errors" in told or len(promises) != VARIANTS or sum(map(bool, promises)) < VARIANTS / 2:
        raise RuntimeError("the page is not whole")
    return took


async def calls(http: aiohttp.ClientSession, addresses: Mapping[str, str]) -> dict[str, int]:
    """How often each system was asked until now."""
    found = {}
    for system, address in addresses.items():
        async with http.get(f"{address}{CONTROL}") as answer:
            found[system] = sum((await answer.json())["requests"].values())
    return found


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """How often each was asked in between."""
    return {system: after[system] - before[system] for system in after}


def settings(addresses: Mapping[str, str], stock: str) -> str:
    """The demo retailer over systems at these addresses."""
    demo = (Path("connectors/sandbox") / "demo.toml").read_text()
    for system, address in addresses.items():
        own = f'system = "{system}"'
        demo = demo.replace(f'url = "embedded", {own}', f'url = "{address}", {own}')
    return f"{demo}\n[freshness.stock]\n{stock}\n"


if __name__ == "__main__":
    asyncio.run(main())
