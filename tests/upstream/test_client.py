"""The guarded client against a server that misbehaves, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from structlog.testing import capture_logs

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import WireRequest
from app.upstream.breaker import Breaker, BreakerPolicy, BreakerState
from app.upstream.client import ClientPolicy, GuardedHttp
from app.upstream.deadline import Deadline
from app.upstream.health import Health, UpstreamState
from tests.builders import NOON

PATIENCE = 60  # seconds until a test gives up
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Answers each request, once read, with the next of `answers` (the last one for ever)."""

    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                await answer(writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[Server]:
    server = Server(list(answers))
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/api"
    try:
        yield server
    finally:
        listening.close()


def saying(status: int = 200, body: bytes = b"{}", *headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return answer


async def silent(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def cut(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail ready\r\n")
    await writer.drain()
    writer.close()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


def asking(operation: str = "stock", *, safe: bool = True) -> WireRequest:
    return WireRequest(operation=operation, method="GET", path="levels", safe=safe)


@asynccontextmanager
async def client(url: str, **policy: object) -> AsyncIterator[GuardedHttp]:
    health = Health(
        connection="till",
        now=lambda: NOON,
        clock=monotonic,
        policy=BreakerPolicy(open_for=timedelta(seconds=30)),
    )
    limits = ClientPolicy(**{"timeout": timedelta(seconds=30), **policy})  # type: ignore[arg-type]  # the test's own words
    async with GuardedHttp(url, health=health, policy=limits) as http:
        yield http


def never(answer: Answer) -> dict[str, timedelta]:
    """The time limit for one that does not end."""
    return {"timeout": timedelta(seconds=0.3)} if answer in {silent, dripping} else {}


async def test_a_good_answer_is_read_whole_with_the_vendors_clock() -> None:
    dated = saying(200, b'{"a": 1}', "Date: Fri, 20 Nov 2026 11:59:58 GMT", "X-Page: 2")
    async with serving(dated) as server, client(server.url) as http:
        response = await http.send(
            WireRequest(
                operation="stock",
                method="POST",
                path="levels",
                safe=True,
                query=[("sku", "A"), ("sku", "B&C")],
                headers={"x-key": "k"},
                body=b"[]",
            )
        )

    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert response.headers["x-page"] == "2"
    assert response.date == datetime(2026, 11, 20, 11, 59, 58, tzinfo=UTC)
    assert server.requests[0].startswith(b"POST /api/levels?sku=A&sku=B%26C HTTP/1.1\r\n")
    assert b"x-key: k" in server.requests[0].lower()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (saying(401), UpstreamUnauthorized),
        (saying(403), UpstreamUnauthorized),
        (saying(404), UpstreamRefused),
        (saying(409), UpstreamRefused),
        (saying(302, b"", "Location: http://elsewhere.example/"), UpstreamRefused),
        (saying(429), UpstreamThrottled),
        (saying(408), UpstreamUnavailable),
        (saying(425), UpstreamUnavailable),
        (saying(500), UpstreamUnavailable),
        (saying(503), UpstreamUnavailable),
        (silent, UpstreamUnavailable),
        (dripping, UpstreamUnavailable),
        (cut, UpstreamUnavailable),
        (not_http, UpstreamBroken),
        (endless, UpstreamBroken),
    ],
)
async def test_every_trouble_is_told_by_what_the_catcher_should_do(
    answer: Answer, error: type[UpstreamError]
) -> None:
    async with (
        serving(answer) as server,
        client(server.url, max_body=100_000, **never(answer)) as http,
        asyncio.timeout(PATIENCE),
    ):
        with pytest.raises(UpstreamError) as told:
            await http.send(asking())

    assert type(told.value) is error
    assert "127.0.0.1" not in str(told.value)


async def test_a_call_to_another_address_of_the_vendor_goes_there_with_all_guards() -> None:
    async with (
        serving(saying()) as main,
        serving(saying(), saying(429, b"", "Retry-After: 7")) as desk,
        client(main.url) as http,
    ):
        await http.send(replace(asking("login"), base=f"{desk.url}/auth/"))
        with pytest.raises(UpstreamThrottled):
            await http.send(replace(asking("login"), base=desk.url))
        with pytest.raises(UpstreamThrottled):
            await http.send(asking())

    assert main.requests == []
    assert [one.split()[1] for one in desk.requests] == [b"/api/auth/levels", b"/api/levels"]


async def test_nobody_listening_is_unavailable() -> None:
    async with serving(saying()) as server:
        url = server.url
    async with client(url) as http:
        with pytest.raises(UpstreamUnavailable, match="could not be reached"):
            await http.send(asking())


async def test_the_body_of_a_refusal_is_kept_for_the_connector() -> None:
    async with serving(saying(400, b'{"error": "x"}')) as server, client(server.url) as http:
        with pytest.raises(UpstreamRefused) as told:
            await http.send(asking())

    assert (told.value.status, told.value.body) == (400, b'{"error": "x"}')
    assert "error" not in str(told.value)


async def test_a_safe_call_is_repeated_once_when_calls_have_earned_it() -> None:
    answers = [*[saying()] * 10, saying(503), saying(200, b"again")]
    async with serving(*answers) as server, client(server.url) as http:
        for _ in range(10):
            await http.send(asking())
        response = await http.send(asking())

    assert response.body == b"again"
    assert len(server.requests) == 12
    assert http.health.operation("stock").retries == 1


async def test_an_unsafe_call_is_never_repeated() -> None:
    answers = [*[saying()] * 10, saying(503), saying()]
    async with serving(*answers) as server, client(server.url) as http:
        for _ in range(10):
            await http.send(asking())
        with pytest.raises(UpstreamUnavailable):
            await http.send(asking(safe=False))

    assert len(server.requests) == 11


async def test_repetitions_stay_within_a_tenth_of_the_calls() -> None:
    async with (
        serving(saying(503)) as server,
        client(server.url, attempts=5) as http,
    ):
        http.health.policy = BreakerPolicy(minimum_calls=10_000)
        for _ in range(100):
            with pytest.raises(UpstreamUnavailable):
                await http.send(asking())

    assert len(server.requests) == 110


async def test_what_was_saved_is_spent_on_repetitions_alone() -> None:
    answers = [*[saying()] * 30, saying(503)]
    async with serving(*answers) as server, client(server.url) as http:
        for _ in range(30):
            await http.send(asking())
        for _ in range(4):
            with pytest.raises(UpstreamUnavailable):
                await http.send(asking("prices"))

    assert http.health.operation("prices").retries == 3
    assert len(server.requests) == 30 + 4 + 3


async def test_an_announced_wait_is_kept_without_calling() -> None:
    async with (
        serving(saying(429, b"", "Retry-After: 7"), saying()) as server,
        client(server.url) as http,
    ):
        with pytest.raises(UpstreamThrottled) as first:
            await http.send(asking())
        with pytest.raises(UpstreamThrottled) as second:
            await http.send(asking("prices"))
        assert len(server.requests) == 1
        http.health.now = lambda: NOON + timedelta(seconds=7)
        await http.send(asking())

    assert first.value.retry_after == second.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("safe", [True, False])
async def test_a_system_that_says_when_it_is_back_is_not_called_before(*, safe: bool) -> None:
    down = saying(503, b"", "Retry-After: 7")
    answers = [*[saying()] * 10, down, saying()]
    async with serving(*answers) as server, client(server.url) as http:
        for _ in range(10):
            await http.send(asking())
        with pytest.raises(UpstreamUnavailable):
            await http.send(asking(safe=safe))
        with pytest.raises(UpstreamThrottled) as told:
            await http.send(asking("prices"))
        assert len(server.requests) == 11
        http.health.now = lambda: NOON + timedelta(seconds=7)
        await http.send(asking())

    assert told.value.retry_after == timedelta(seconds=7)
    assert http.health.operation("stock").retries == 0


async def test_a_later_answer_does_not_shorten_an_announced_wait() -> None:
    both, gate = asyncio.Event(), asyncio.Event()

    def once(opened: asyncio.Event, answer: Answer) -> Answer:
        async def answered(writer: asyncio.StreamWriter) -> None:
            if len(server.requests) == 2:
                both.set()
            await opened.wait()
            await answer(writer)

        return answered

    first = once(both, saying(429, b"", "Retry-After: 60"))
    later = once(gate, saying(429))
    async with serving(first, later) as server, client(server.url) as http:
        calls = [asyncio.create_task(http.send(asking())) for _ in range(2)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        gate.set()
        told = await asyncio.gather(*calls, return_exceptions=True)

    waits = [one.retry_after for one in told if isinstance(one, UpstreamThrottled)]
    assert waits == [timedelta(seconds=60)] * 2
    assert http.health.throttled_until == NOON + timedelta(seconds=60)


async def test_one_that_is_back_at_once_is_called_again() -> None:
    down = saying(503, b"", "Retry-After: 0")
    answers = [*[saying()] * 10, down, saying()]
    async with serving(*answers) as server, client(server.url) as http:
        for _ in range(11):
            await http.send(asking())

    assert len(server.requests) == 12


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: Fri, 20 Nov 2026 12:00:09 GMT", 9),
        ("Retry-After: Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("Retry-After: soon", 1),
        ("Retry-After: 999999999", 300),
        (f"Retry-After: {'9' * 5000}", 300),
        ("Retry-After: ²", 1),
        ("X-Nothing: 1", 1),
    ],
)
async def test_any_retry_after_is_understood_within_reason(header: str, seconds: int) -> None:
    async with serving(saying(429, b"", header)) as server, client(server.url) as http:
        with pytest.raises(UpstreamThrottled) as told:
            await http.send(asking())

    assert told.value.retry_after == timedelta(seconds=seconds)


async def test_the_breaker_opens_for_one_operation_and_closes_by_one_probe() -> None:
    answers = [*[saying(500)] * 20, saying()]
    async with serving(*answers) as server, client(server.url, attempts=1) as http:
        for _ in range(20):
            with pytest.raises(UpstreamUnavailable):
                await http.send(asking())
        breaker = http.health.operation("stock").breaker
        opened = breaker.state
        with pytest.raises(UpstreamUnavailable, match="not called for a moment"):
            await http.send(asking())
        assert len(server.requests) == 20
        await http.send(asking("prices"))
        assert http.health.state is UpstreamState.DEGRADED
        breaker.clock = lambda: monotonic() + 60
        await asyncio.gather(http.send(asking()), return_exceptions=True)

    assert (opened, breaker.state) == (BreakerState.OPEN, BreakerState.CLOSED)
    assert len(server.requests) == 22


def opened(clock: Callable[[], float]) -> tuple[Breaker, int]:
    """A breaker that has opened at 0 s for 3 s, and what a call was admitted with before."""
    breaker = Breaker(BreakerPolicy(open_for=timedelta(seconds=3)), clock)
    straggler = breaker.admit()
    for _ in range(20):
        breaker.failed(breaker.admit())
    assert breaker.state is BreakerState.OPEN
    return breaker, straggler


@pytest.mark.parametrize("end", [Breaker.failed, Breaker.succeeded, Breaker.abandoned])
def test_a_call_from_before_the_breaker_opened_does_not_end_its_probe(
    end: Callable[[Breaker, int], None],
) -> None:
    at = [0.0]
    breaker, straggler = opened(lambda: at[0])
    at[0] = 3.5
    probe = breaker.admit()

    end(breaker, straggler)

    probing = breaker.state  # nobody else is let through beside the probe
    breaker.succeeded(probe)
    assert (probing, breaker.state) == (BreakerState.OPEN, BreakerState.CLOSED)


def test_calls_from_before_the_breaker_opened_do_not_open_it_again() -> None:
    at = [0.0]
    breaker, straggler = opened(lambda: at[0])
    at[0] = 3.5
    breaker.succeeded(breaker.admit())

    for _ in range(40):
        breaker.failed(straggler)

    assert breaker.state is BreakerState.CLOSED


def test_the_failure_of_a_probe_opens_the_breaker_for_as_long_again() -> None:
    at = [0.0]
    breaker, _ = opened(lambda: at[0])
    at[0] = 3.0
    breaker.failed(breaker.admit())

    at[0] = 5.9
    before = breaker.state
    at[0] = 6.0
    assert (before, breaker.state) == (BreakerState.OPEN, BreakerState.HALF_OPEN)


async def test_refusals_do_not_open_the_breaker() -> None:
    async with serving(saying(404)) as server, client(server.url) as http:
        for _ in range(30):
            with pytest.raises(UpstreamRefused):
                await http.send(asking())

    assert len(server.requests) == 30
    assert http.health.operation("stock").breaker.state is BreakerState.CLOSED


async def test_no_more_calls_are_out_than_there_is_room_for() -> None:
    full, gate = asyncio.Event(), asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 3:
            full.set()
        await gate.wait()
        await saying()(writer)

    async with (
        serving(held) as server,
        client(server.url, concurrency=3) as http,
    ):
        out = [asyncio.create_task(http.send(asking(safe=False))) for _ in range(3)]
        await full.wait()
        with Deadline.after(timedelta(seconds=0.1)).shared():
            told = await asyncio.gather(
                *(http.send(asking(safe=False)) for _ in range(7)), return_exceptions=True
            )
        assert {type(one) for one in told} == {UpstreamUnavailable}
        assert len(server.requests) == 3
        gate.set()
        assert {one.status for one in await asyncio.gather(*out)} == {200}


async def test_a_call_ends_with_the_deadline_it_is_bound_to() -> None:
    async with (
        serving(silent) as server,
        client(server.url, timeout=timedelta(60)) as http,
        asyncio.timeout(PATIENCE),
    ):
        with (
            Deadline.after(timedelta(seconds=0.149)).shared(),
            pytest.raises(UpstreamUnavailable, match=r"did not answer stock within 0\.1 s"),
        ):
            await http.send(asking())


async def test_calls_are_spread_over_time_where_the_vendor_asks_for_it() -> None:
    async with (
        serving(saying()) as server,
        client(server.url, calls_per_second=0.1, attempts=1, timeout=timedelta(seconds=2)) as http,
    ):
        told = await asyncio.gather(
            *(http.send(asking()) for _ in range(5)), return_exceptions=True
        )

    assert [type(one).__name__ for one in told].count("UpstreamUnavailable") == 4
    assert len(server.requests) == 1


async def test_the_log_tells_once_that_an_upstream_fails_and_once_that_it_is_back() -> None:
    answers = [saying(), saying(500), saying(500), saying()]
    with capture_logs() as told:
        async with serving(*answers) as server, client(server.url, attempts=1) as http:
            for _ in range(4):
                await asyncio.gather(http.send(asking()), return_exceptions=True)

    assert [line["event"] for line in told] == ["upstream.failing", "upstream.recovered"]
    assert told[0]["reason"] == "answered stock with 500"
