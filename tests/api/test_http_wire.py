"""Bodies may be compressed, answers are; pages of other sites read nothing unless named."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable

import orjson
import pytest

from app import settings as config
from app.errors import MisconfiguredError
from tests.gateways import Asker, Retailer, gateway_over

OK = {"query": "{ __typename }"}
JSON = {"content-type": "application/json"}
SQUEEZED = gzip.compress(b"{}", mtime=0)
SHOP, OTHER = "https://shop.example.com", "https://evil.example.com"


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    async with gateway_over({"shop": Retailer()}) as asker:
        yield asker


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("GZIP", gzip.compress),
    ],
)
async def test_a_compressed_body_is_read(
    ask: Asker, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    response = await ask.http.post(
        "/graphql",
        content=compress(orjson.dumps(OK)),
        headers=JSON | {"content-encoding": encoding},
    )

    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    "body",
    [b"{}", b"", SQUEEZED[:-4], SQUEEZED + b"x", SQUEEZED * 2],
    ids=["plain", "nothing", "cut", "more behind", "twice"],
)
async def test_a_body_that_is_not_what_its_encoding_says_is_refused(
    ask: Asker, body: bytes
) -> None:
    response = await ask.http.post(
        "/graphql", content=body, headers=JSON | {"content-encoding": "gzip"}
    )

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == (
        "The body is not what its Content-Encoding says."
    )


async def test_an_encoding_nobody_speaks_is_told(ask: Asker) -> None:
    response = await ask.http.post(
        "/graphql", content=b"{}", headers=JSON | {"content-encoding": "br"}
    )

    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "gzip, deflate, identity"


async def test_a_decompression_bomb_is_refused_without_being_held(ask: Asker) -> None:
    bomb = gzip.compress(b" " * 80_000_000)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        response = await ask.http.post(
            "/graphql", content=bomb, headers=JSON | {"content-encoding": "gzip"}
        )
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert response.status_code == 413
    assert held < 5_000_000


async def test_a_large_answer_is_compressed_for_those_who_take_it() -> None:
    everything = {"query": "{ __schema { types { name description } } }"}
    async with gateway_over({"shop": Retailer()}, requests={"introspection": True}) as ask:
        small = await ask.http.post("/graphql", json=OK)
        large = await ask.http.post("/graphql", json=everything)
        plain = await ask.http.post(
            "/graphql", json=everything, headers={"accept-encoding": "identity"}
        )

    assert "content-encoding" not in small.headers
    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert {large.headers["vary"], plain.headers["vary"]} == {"Accept, Accept-Encoding"}
    assert large.json() == plain.json()
    assert int(large.headers["content-length"]) < int(plain.headers["content-length"]) / 2


async def test_every_answer_keeps_browsers_careful(ask: Asker) -> None:
    for path in ("/graphql", "/livez", "/nowhere"):
        headers = (await ask.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "frame-ancestors 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"


def preflight(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, x-tessera-preflight",
    }


async def test_other_sites_are_closed_out_unless_named(ask: Asker) -> None:
    asked = await ask.http.options("/graphql", headers=preflight(SHOP))
    sent = await ask.http.post("/graphql", json=OK, headers={"origin": SHOP})

    assert asked.status_code == 405
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in sent.headers


async def test_a_named_site_may_read_and_no_other() -> None:
    async with gateway_over(
        {"shop": Retailer()}, cors={"origins": [SHOP], "credentials": True}
    ) as ask:
        asked = await ask.http.options("/graphql", headers=preflight(SHOP))
        sent = await ask.http.post("/graphql", json=OK, headers={"origin": SHOP})
        foreign = await ask.http.options("/graphql", headers=preflight(OTHER))

    assert (asked.status_code, foreign.status_code) == (200, 400)
    assert asked.headers["access-control-allow-origin"] == SHOP
    assert asked.headers["access-control-max-age"] == "600"
    assert sent.headers["access-control-allow-origin"] == SHOP
    assert sent.headers["access-control-allow-credentials"] == "true"
    assert "Origin" in sent.headers["vary"]
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize(
    "cors",
    [
        {"origins": ["shop.example.com"]},
        {"origins": ["https://shop.example.com/"]},
        {"origins": ["null"]},
        {"origins": ["*"], "credentials": True},
        {"max_age": "PT0S"},
    ],
)
async def test_settings_that_would_open_more_than_meant_are_refused(
    cors: dict[str, object],
) -> None:
    document = {
        "connections": {"shop": {"connector": "made-up"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
    }
    config.parse(document)

    with pytest.raises(MisconfiguredError, match="cors"):
        config.parse(document | {"cors": cors})
