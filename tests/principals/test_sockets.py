"""Who is at the other end of a socket, and until when?"""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.main import utc_now
from app.values import PrincipalKind
from tests.principals.issuing import bare, claims
from tests.staff import LASTS, as_
from tests.streams.served import Clock, served, until
from tests.streams.test_sockets import NEVER

STAFF = as_(PrincipalKind.STAFF)


@pytest.mark.parametrize(
    "payload",
    [
        STAFF,
        {"Authorization": STAFF["authorization"]},
        {"headers": STAFF},
        {},
        {"authorization": 1},
    ],
)
async def test_a_proof_may_stand_where_clients_put_it(payload: Any) -> None:
    async with served(now=utc_now) as gateway, gateway.socket() as client:
        await client.say(type="connection_init", payload=payload)
        assert await client.hear() == {"type": "connection_ack"}


@pytest.mark.parametrize("where", ["introduction", "handshake"])
async def test_a_forged_proof_ends_the_socket(where: str) -> None:
    forged = {"authorization": "Bearer " + bare({"alg": "none", "typ": "at+jwt"}, claims())}
    headers, payload = (forged, None) if where == "handshake" else ({}, forged)
    async with (
        served(now=utc_now) as gateway,
        gateway.socket(additional_headers=headers) as client,
    ):
        await client.say(type="connection_init", payload=payload)
        assert await client.ends() == (4403, "Forbidden")


async def test_the_socket_ends_with_the_proof() -> None:
    """With the code after which reference clients connect again, with a new token."""
    clock = Clock()
    async with served(sleep=clock.sleep, now=utc_now) as gateway, gateway.socket() as client:
        await client.say(type="connection_init", payload=STAFF)
        assert await client.hear() == {"type": "connection_ack"}
        await until(lambda: len(clock.sleepers) == 3)
        ends = max(at for at, _ in clock.sleepers)
        assert timedelta(seconds=ends) <= LASTS + timedelta(minutes=1)
        clock.passes(ends)
        assert await client.ends() == (4403, "Forbidden: the credentials have expired")


async def test_a_stream_of_events_ends_with_the_proof_and_without_a_last_word() -> None:
    clock = Clock()
    headers = {**STAFF, "accept": "text/event-stream"}
    async with (
        served(sleep=clock.sleep, now=utc_now) as gateway,
        httpx.AsyncClient(timeout=10) as http,
        http.stream("POST", gateway.url, json={"query": NEVER}, headers=headers) as response,
    ):
        await until(lambda: len(clock.sleepers) == 3)
        clock.passes(max(at for at, _ in clock.sleepers))
        told = (await response.aread()).decode()

    assert response.status_code == 200
    assert "event: complete" not in told
