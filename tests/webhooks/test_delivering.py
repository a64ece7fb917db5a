"""An endpoint is told everything, in order, signed, however often it fails."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from functools import partial

import pytest
from prometheus_client import CollectorRegistry
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app.api.webhook_metrics import WebhookCollector
from app.events.retention import sweep
from app.store import Store
from app.upkeep import beside
from app.webhooks import delivering, repository
from app.webhooks.delivering import FIRST_WAIT, LONGEST_WAIT
from app.webhooks.repository import Standing
from tests.events.orders import an_order, go_on, place
from tests.orders.world import NOON
from tests.streams.served import until
from tests.webhooks.receiving import NEXT, SECRET, House, drained, house


async def standing(there: House) -> Standing:
    return await there.store.read(partial(repository.standing, name="acme"))


async def test_it_is_told_what_there_is_and_then_what_happens_in_order(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        await there.has(A=1, B=2)
        await drained(process)
        await there.has(A=5)
        await there.has(C=1)
        await there.sells_only("A", "C")
        await drained(process)

    snapshot, changed, entered, left = [one.event for one in there.receiver.requests]
    assert snapshot["__typename"] == "AssortmentSnapshot"
    assert [one["sku"] for one in snapshot["items"]] == ["A", "B"]
    assert snapshot["complete"]
    assert (changed["entity"], changed["change"], changed["version"]) == ("A", "CHANGED", 2)
    assert changed["prevSeq"] == snapshot["lastSeq"]
    assert (entered["entity"], entered["change"]) == ("C", "ENTERED")
    assert entered["prevSeq"] == changed["seq"]
    assert (left["__typename"], left["entity"]) == ("Removed", "B")
    assert left["prevSeq"] == entered["seq"]


async def test_what_happens_elsewhere_is_nothing_to_it(store: Store) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        await there.has(A=1)
        await drained(process)
        assert there.receiver.requests == []
        await there.has(A=2)
        await drained(process)

    assert [one.event["version"] for one in there.receiver.requests] == [2]


async def test_each_secret_signs_so_that_one_can_take_the_place_of_the_other(store: Store) -> None:
    both = [{"env": "HOOK"}, {"env": "HOOK_NEXT"}]
    async with house(store) as there, there.process(secrets=both) as process:
        await there.has(A=1)
        await drained(process)
    (request,) = there.receiver.requests

    for secret in (SECRET, NEXT):
        told = Verifier(secret).verify(request.body, dict(request.headers))
        assert told["type"] == "AssortmentSnapshot"
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 32).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(request.body + b" ", dict(request.headers))


async def test_what_is_not_taken_is_tried_again_ever_more_rarely_with_the_same_id(
    store: Store,
) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        await drained(process)
        await there.has(A=1)
        await there.has(B=1)
        there.receiver.answers = [500, 503, 302]
        wait = FIRST_WAIT
        for failure in (1, 2, 3):
            await drained(process)
            assert len(there.receiver.requests) == failure
            there.clock.passes(wait - timedelta(milliseconds=1))
            await drained(process)  # not yet
            assert len(there.receiver.requests) == failure
            there.clock.passes(timedelta(milliseconds=1))
            wait *= 2
        assert (await standing(there)).reason == "HTTP_302"
        await drained(process)

    ids = [one.id for one in there.receiver.requests]
    assert len(set(ids[:4])) == 1
    assert [one.event["entity"] for one in there.receiver.taken] == ["A", "B"]
    assert (await standing(there)).failing_since is None


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "wait"),
    [("90", 90), ("date", 90), ("0", 1), ("999999999999", 3600), ("soon", 5), ("-3", 5)],
)
async def test_one_that_says_when_is_tried_then(
    store: Store, status: int, told: str, wait: int
) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        there.clock.at = there.clock.at.replace(microsecond=0)
        await drained(process)
        await there.has(A=1)
        at = there.clock() + timedelta(seconds=90)
        said = format_datetime(at, usegmt=True) if told == "date" else told
        there.receiver.answers, there.receiver.headers = [status], {"retry-after": said}
        await drained(process)
        there.clock.passes(timedelta(seconds=wait, milliseconds=-1))
        await drained(process)
        early = len(there.receiver.requests)
        there.clock.passes(timedelta(milliseconds=1))
        await drained(process)

    assert (early, len(there.receiver.taken)) == (1, 1)


async def test_who_says_when_with_another_status_is_not_heard(store: Store) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        await drained(process)
        await there.has(A=1)
        there.receiver.answers, there.receiver.headers = [500], {"retry-after": "600"}
        await drained(process)
        there.clock.passes(FIRST_WAIT)
        await drained(process)

    assert len(there.receiver.taken) == 1


async def test_it_is_counted_what_was_taken_and_since_when_it_is_behind(store: Store) -> None:
    async with house(store) as there, there.process(begin="NOW", retry_for="PT1M") as process:
        await drained(process)
        await there.has(A=1)
        there.receiver.answers = [500]
        await drained(process)
        there.clock.passes(timedelta(seconds=4))
        metrics = CollectorRegistry()
        metrics.register(WebhookCollector(process.book, there.clock))

        def said(name: str, **labels: str) -> float | None:
            return metrics.get_sample_value(name, {"endpoint": "acme", **labels})

        behind = said("tessera_webhooks_lag_seconds")
        there.clock.passes(timedelta(minutes=1))
        there.receiver.answers = [503]
        await drained(process)
        await there.has(A=2)
        await drained(process)

        assert behind == 4
        assert said("tessera_webhooks_failed_total", reason="HTTP_500") == 1
        assert said("tessera_webhooks_dead_total") == 1
        assert said("tessera_webhooks_sent_total") == 1
        assert said("tessera_webhooks_lag_seconds") == 0
        assert said("tessera_webhooks_disabled") == 0
        await there.has(A=3)
        there.receiver.answers = [410]
        await drained(process)
        await drained(process)
        assert said("tessera_webhooks_disabled") == 1


async def test_after_three_days_it_is_a_dead_letter_and_the_next_is_delivered(
    store: Store,
) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        await drained(process)
        await there.has(A=1)
        await there.has(B=1)
        start, tries = there.clock(), 0
        while not await store.read(partial(repository.letters, name="acme")):
            there.receiver.answers = [500]
            await process.once("acme")
            tries += 1
            there.clock.passes(LONGEST_WAIT)
        given_up = there.clock() - start
        await drained(process)
        (letter,) = await store.read(partial(repository.letters, name="acme"))

    assert timedelta(days=3) <= given_up <= timedelta(days=3) + 2 * LONGEST_WAIT
    assert 70 < tries < 80
    assert (letter.message.id, letter.reason) == (there.receiver.requests[0].id, "HTTP_500")
    assert letter.message.body == there.receiver.requests[0].body
    assert [one.event["entity"] for one in there.receiver.taken] == ["B"]


async def test_one_that_is_gone_is_not_called_again(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        await there.has(A=1)
        there.receiver.answers = [410]
        await drained(process)
        there.clock.passes(timedelta(days=1))
        await drained(process)

        assert len(there.receiver.requests) == 1
        assert (await standing(there)).disabled_at is not None


async def test_while_one_process_delivers_another_does_not(store: Store) -> None:
    async with house(store) as there, there.process() as one, there.process() as other:
        await there.has(A=1)
        turns = await asyncio.gather(*(process.once("acme") for process in (one, other) * 5))
        await drained(one)

        assert len(there.receiver.requests) == 1
        assert sum(turns) >= 1


async def test_what_can_be_told_no_more_is_a_gap_and_then_what_there_is(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        await there.has(A=1)
        await drained(process)
        for number in (2, 3, 4):
            await there.has(A=number)
        there.clock.passes(timedelta(days=8))
        await store.act(
            partial(sweep, keep_for=timedelta(days=7), keep_at_most=1_000_000), now=there.clock()
        )
        await drained(process)

    _, gap, anew = [one.event for one in there.receiver.requests]
    assert (gap["__typename"], gap["code"], gap["to"]) == ("Gap", "CURSOR_EXPIRED", 4)
    assert anew["__typename"] == "AssortmentSnapshot"
    assert anew["items"][0]["availableToSell"] == 4


async def test_a_large_answer_is_not_read_and_says_nothing(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        there.receiver.content = b"x" * 50_000_000
        there.receiver.answers = [200]
        await there.has(A=1)
        await drained(process)

        assert len(there.receiver.taken) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    ],
    ids=["cut", "not ended", "silent"],
)
async def test_what_was_taken_is_whatever_becomes_of_the_rest_of_the_answer(
    store: Store, answer: bytes
) -> None:
    came: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length: ")
        came.append(await reader.readexactly(int(length.split()[0])))
        writer.write(answer)
        if b"close" not in answer:
            await reader.read()
        writer.close()

    endpoint = await asyncio.start_server(take, "127.0.0.1", 0)
    host, port = endpoint.sockets[0].getsockname()
    url = f"http://{host}:{port}/"
    async with endpoint, house(store) as there, there.process(url=url, timeout="PT4S") as process:
        await there.has(A=1)
        await drained(process)
        found = await standing(there)

    assert (len(came), found.reason) == (1, None)
    assert found.delivered_at == there.clock()


async def test_a_silent_endpoint_has_its_time_and_no_more(store: Store) -> None:
    async with house(store) as there:
        with socket.create_server(("127.0.0.1", 0)) as silent:  # nobody ever accepts
            url, quick = f"http://127.0.0.1:{silent.getsockname()[1]}", "PT0.2S"
            async with there.process(url=url, timeout=quick) as process:
                await there.has(A=1)
                await drained(process)

                assert (await standing(there)).reason == "TIMEOUT"


async def test_running_it_is_told_soon(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "POLL", timedelta(hours=1))
    async with house(store) as there, there.process() as process:
        await there.has(A=1)
        async with beside(process.run()):
            await until(lambda: "acme" in process.book.behind_since)  # it is not: it was told all
            await there.has(A=2)
            process.wake()
            await until(lambda: len(there.receiver.requests) == 2)

    assert there.receiver.requests[1].event["version"] == 2


async def test_a_process_that_ends_lets_another_go_on_at_once(store: Store) -> None:
    async with house(store) as there:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            async with there.process(url=url) as ending, beside(ending.run()):
                await there.has(A=1)
                ending.wake()
                accepted, _ = await asyncio.to_thread(silent.accept)  # it is at it
            accepted.close()
        async with there.process() as process:
            await drained(process)

    assert len(there.receiver.taken) == 1


@pytest.mark.parametrize(("begin", "first"), [("ALL", "OrderSnapshot"), ("NOW", "OrderDelta")])
async def test_a_partner_is_told_of_its_own_orders_and_of_no_others(
    store: Store, begin: str, first: str
) -> None:
    async def placed(number: str, partner: str | None) -> None:
        order = replace(an_order(number), partner=partner, reference=f"ref-{number}")
        await store.act(partial(place, order=order), now=NOON)
        await store.act(partial(go_on, number=number), now=NOON)

    async with house(store) as there, there.process(tells="ORDERS", begin=begin) as process:
        await placed("MINE-0", "acme")
        await placed("OTHER-0", "zeta")
        await drained(process)
        for number, partner in (("MINE-1", "acme"), ("OTHER-1", "zeta"), ("OURS-1", None)):
            await placed(number, partner)
        await drained(process)

    events = [one.event for one in there.receiver.requests]
    snapshots = [one for one in events if one["__typename"] == "OrderSnapshot"]
    deltas = [one for one in events if one["__typename"] == "OrderDelta"]
    assert events[0]["__typename"] == first
    assert [one["orders"] for one in snapshots] == [
        [{"number": "MINE-0", "state": "PLACED", "reference": "ref-MINE-0"}]
    ] * (begin == "ALL")
    assert [(one["entity"], one["change"], one["reference"]) for one in deltas] == [
        ("MINE-1", "OrderAsked", "ref-MINE-1"),
        ("MINE-1", "OrderPlaced", "ref-MINE-1"),
    ]
    assert deltas[1]["prevSeq"] == deltas[0]["seq"]
