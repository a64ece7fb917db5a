"""What one process says to be out of date, no other goes on telling, whatever gets lost."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from app.engine.caching.listening import AT_ONCE
from app.engine.caching.shared import EVENTS
from app.values import Texts
from tests.builders import a_product
from tests.caching.builders import Shop, a_gateway, a_shop, hears, kept_by_all, over
from tests.redis import RedisServer, until

ROOT = Path(__file__).parents[2]
PRODUCT = '{ product(handle: "shirt") { name } }'


async def name_told(at: Shop) -> Any:
    return (await at.ask(PRODUCT))["data"]["product"]["name"]


async def renamed(at: Shop) -> None:
    """The shop calls it something else from now on, a second later."""
    at.clock.passes(1)
    at.shop.known_products = [a_product(name=Texts({"it": "Blusa"}))]
    at.clock.passes(1)


async def test_a_purge_reaches_other_processes_and_what_all_keep(
    empty_server: RedisServer, tmp_path: Path
) -> None:
    redis, shop = over(empty_server, tmp_path), a_shop()
    async with (
        a_gateway(shop, redis=redis) as one,
        a_gateway(shop, one.clock, redis=redis) as other,
    ):
        assert [await name_told(one), await name_told(other)] == ["Camicia", "Camicia"]
        await renamed(one)
        assert [await name_told(one), await name_told(other)] == ["Camicia", "Camicia"]
        heard = other.gateway.caches.answers.log.count
        await one.gateway.caches.answers.invalidate(frozenset({"Product:1"}))

        async def told() -> bool:
            return other.gateway.caches.answers.log.count > heard

        await until(told)
        assert [await name_told(one), await name_told(other)] == ["Blusa", "Blusa"]


async def test_the_command_reaches_processes_that_serve(
    empty_server: RedisServer, tmp_path: Path
) -> None:
    redis = over(empty_server, tmp_path)
    settings = tmp_path / "tessera.toml"
    demo = (ROOT / "connectors/sandbox/demo.toml").read_text()
    settings.write_text(f'{demo}\n[redis]\nurl = {{ file = "{redis["url"]["file"]}" }}\n')
    async with a_gateway(redis=redis) as at:
        assert await name_told(at) == "Camicia"
        await renamed(at)
        heard = at.gateway.caches.answers.log.count
        purge = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "cache", "purge", "--config", str(settings)),
            *("Product:1", "Location:X"),
            cwd=ROOT,
            env={**os.environ},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await purge.communicate()

        async def told() -> bool:
            return at.gateway.caches.answers.log.count > heard

        await until(told)
        assert (purge.returncode, output) == (0, b"Told: Location:X, Product:1.\n")
        assert await name_told(at) == "Blusa"


async def test_a_message_that_is_lost_is_made_up_for_by_time(
    empty_server: RedisServer, tmp_path: Path
) -> None:
    redis, shop = over(empty_server, tmp_path), a_shop()
    windows = {"catalogue": {"fresh_for": "PT1M", "revalidate_for": "PT0S"}}
    async with (
        a_gateway(shop, redis=redis, freshness=windows) as one,
        a_gateway(shop, one.clock, redis=redis, freshness=windows) as deaf,
    ):
        assert [await name_told(one), await name_told(deaf)] == ["Camicia", "Camicia"]
        await renamed(one)
        log, now = one.gateway.caches.answers.log, one.clock()
        log.add(frozenset({"Product:1"}), at=now)  # and told to nobody else

        assert await name_told(one) == "Blusa"
        one.clock.passes(57.9)
        assert await name_told(deaf) == "Camicia"
        one.clock.passes(0.1)
        assert await name_told(deaf) == "Blusa"


async def test_who_was_deaf_starts_from_nothing(server: RedisServer, tmp_path: Path) -> None:
    redis, shop = over(server, tmp_path, timeout="PT0.2S"), a_shop()
    async with a_gateway(shop, redis=redis) as at:
        assert await name_told(at) == "Camicia"
        await renamed(at)
        server.kill()

        async def deaf() -> bool:
            return not await hears(at.gateway)

        await until(deaf)
        assert await name_told(at) == "Camicia"  # as long as it is fresh
        misses = at.counts["miss"]
        server.start_again()
        await until(lambda: hears(at.gateway))
        assert await name_told(at) == "Blusa"
        assert at.counts["miss"] == misses + 1


async def test_who_is_too_slow_to_hear_everything_starts_from_nothing(
    empty_server: RedisServer, tmp_path: Path
) -> None:
    async with a_gateway(redis=over(empty_server, tmp_path)) as at:
        assert await name_told(at) == "Camicia"
        await renamed(at)
        log = at.gateway.caches.answers.log
        with BlockingRedis.from_url(empty_server.url) as client:  # nobody hears anything meanwhile
            for tags in ("[]", '["Product:1"]', *["[]"] * AT_ONCE):
                last = client.xadd(EVENTS, {"tags": tags})
            client.xtrim(EVENTS, AT_ONCE, approximate=False)

        async def heard_all() -> bool:
            return log.heard == str(last, "ascii")

        await until(heard_all)
        assert await name_told(at) == "Blusa"


async def test_what_redis_did_not_hear_it_hears_when_it_is_back(
    server: RedisServer, tmp_path: Path
) -> None:
    redis, shop = over(server, tmp_path, timeout="PT0.2S"), a_shop()
    async with (
        a_gateway(shop, redis=redis) as one,
        a_gateway(shop, one.clock, redis=redis) as other,
    ):
        server.freeze()
        await one.gateway.caches.answers.invalidate(frozenset({"Product:1"}))
        shared = one.gateway.caches.answers.shared
        assert shared is not None
        assert shared.unsent == {"Product:1"}
        heard = other.gateway.caches.answers.log.count

        async def lost() -> bool:
            return not await hears(one.gateway)

        await until(lost)
        server.thaw()

        async def told() -> bool:
            return not shared.unsent and other.gateway.caches.answers.log.count > heard

        await until(told)


async def test_an_answer_that_was_begun_before_does_not_come_back(
    client: Redis, empty_server: RedisServer, tmp_path: Path
) -> None:
    redis, shop = over(empty_server, tmp_path), a_shop()
    async with (
        a_gateway(shop, redis=redis) as one,
        a_gateway(shop, one.clock, redis=redis) as other,
    ):
        assert await name_told(one) == "Camicia"

        async def kept() -> bool:
            return await kept_by_all(client) == 1

        await until(kept)
        heard = other.gateway.caches.answers.log.count
        await one.gateway.caches.answers.invalidate(frozenset({"Product"}))

        async def told() -> bool:
            return other.gateway.caches.answers.log.count > heard

        await until(told)
        await renamed(one)
        assert await kept_by_all(client) == 1  # the old one still lies there
        assert await name_told(other) == "Blusa"
