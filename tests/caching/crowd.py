"""One process with a crowd that asks the same at once: `python crowd.py REDIS NUMBER`.

It says how often the shop was asked.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app import logs
from tests.caching.builders import a_gateway, a_shop, over


async def main(url: str, number: int) -> None:
    logs.configure(level="critical", style="text")
    server: Any = SimpleNamespace(url=url)

    async def slowly() -> None:
        await asyncio.sleep(0.5)

    with tempfile.TemporaryDirectory() as folder:
        patient: dict[str, Any] = {
            "redis": over(server, Path(folder), timeout="PT1M"),
            "requests": {"budget": "PT1M"},
            "connections": {"shop": {"connector": "made-up", "timeout": "PT1M"}},
        }
        async with a_gateway(a_shop(), **patient) as at:
            at.shop.wait = slowly
            query = '{ product(handle: "shirt") { name } }'
            await asyncio.gather(*(at.told(query) for _ in range(number)))
            print(at.calls("products"))  # noqa: T201  for the test that started us


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
