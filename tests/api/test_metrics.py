"""What a scrape tells."""

import asyncio
from typing import Any

from app.api.metrics import AT_ONCE, LONGEST_NAME, MOST_NAMES, Metrics
from app.ports import Manifest
from app.settings import Connection
from app.upstream.health import Health
from app.upstream.registry import OpenConnection
from tests.builders import NOON
from tests.gateways import MADE_UP, Retailer, gateway_over


def lines(metrics: Metrics, start: str) -> list[str]:
    text = metrics.text().decode()
    return [line for line in text.splitlines() if line.startswith(start)]


def count(metrics: Metrics, name: str | None, **told: Any) -> None:
    metrics.answered(name, **{"kind": "query", "outcome": "complete", **told})


def a_connection() -> OpenConnection:
    manifest: Manifest = MADE_UP
    health = Health(connection="tills", now=lambda: NOON, clock=lambda: 0.0)
    configured = Connection(connector="made_up")
    return OpenConnection("tills", manifest, configured, Retailer(), health)


def test_the_books_of_a_connection_are_read_at_the_scrape() -> None:
    tills = a_connection()
    metrics = Metrics(lambda: {"tills": tills}, counts={"compiled": 9, "first sight": 2})
    stock = tills.health.operation("stock-levels")
    stock.calls, stock.failures, stock.retries = 7, 3, 1
    tills.health.rejected_rows = 2
    tills.health.readings["StockSource", "STALE"] = 5

    assert lines(metrics, "tessera_upstream_calls_total") == [
        'tessera_upstream_calls_total{connection="tills",operation="stock-levels"} 7.0'
    ]
    assert lines(metrics, "tessera_upstream_failures_total{")[0].endswith(" 3.0")
    assert lines(metrics, "tessera_upstream_retries_total{")[0].endswith(" 1.0")
    assert lines(metrics, "tessera_upstream_breaker_open{")[0].endswith(" 0.0")
    assert lines(metrics, "tessera_upstream_down{")[0].endswith(" 0.0")
    assert lines(metrics, "tessera_upstream_rejected_rows_total{")[0].endswith(" 2.0")
    assert lines(metrics, "tessera_executions_total{") == [
        'tessera_executions_total{how="compiled"} 9.0',
        'tessera_executions_total{how="first sight"} 2.0',
    ]
    assert lines(metrics, "tessera_readings_total{") == [
        'tessera_readings_total{connection="tills",freshness="STALE",port="StockSource"} 5.0'
    ]


def test_operations_that_are_counted_together_are_all_counted() -> None:
    metrics = Metrics(dict, counts={})
    for number in range(2 * AT_ONCE + 1):
        count(metrics, "Listing", seconds=0.02, outcome="partial" if number % 2 else "complete")

    counted = [line.rpartition(" ")[2] for line in lines(metrics, "tessera_operations_total{")]
    assert counted == [f"{AT_ONCE + 1}.0", f"{AT_ONCE}.0"]
    assert lines(metrics, "tessera_operation_seconds_count") == [
        f'tessera_operation_seconds_count{{name="Listing"}} {2 * AT_ONCE + 1}.0'
    ]


def test_operations_are_counted_by_name_kind_and_outcome() -> None:
    metrics = Metrics(dict, counts={})
    for _ in range(2):
        count(metrics, "Listing", seconds=0.02)
    count(metrics, "Listing", seconds=0.001, outcome="failed")
    count(metrics, "Buy", seconds=0.001, kind="mutation", outcome="partial")
    count(metrics, None, seconds=0.002)

    start = "tessera_operations_total"
    assert lines(metrics, f"{start}{{") == [
        f'{start}{{kind="query",name="Listing",outcome="complete"}} 2.0',
        f'{start}{{kind="query",name="Listing",outcome="failed"}} 1.0',
        f'{start}{{kind="mutation",name="Buy",outcome="partial"}} 1.0',
        f'{start}{{kind="query",name="anonymous",outcome="complete"}} 1.0',
    ]
    times = lines(metrics, "tessera_operation_seconds_bucket")
    assert 'tessera_operation_seconds_bucket{le="0.0025",name="Listing"} 1.0' in times
    assert 'tessera_operation_seconds_bucket{le="0.025",name="Listing"} 3.0' in times


def test_operations_in_flight_are_those_begun_and_not_ended() -> None:
    metrics = Metrics(dict, counts={})
    metrics.begun()
    metrics.begun()
    metrics.ended()

    assert lines(metrics, "tessera_operations_in_flight ") == ["tessera_operations_in_flight 1.0"]


def test_names_made_up_by_callers_cannot_fill_the_memory() -> None:
    metrics = Metrics(dict, counts={})
    for number in range(MOST_NAMES + 50):
        count(metrics, f"Q{number}", seconds=0.001)
    count(metrics, "Q0", seconds=0.001)

    told = lines(metrics, "tessera_operations_total{")
    assert len(told) == MOST_NAMES + 1
    rest = 'kind="query",name="{}",outcome="complete"'
    assert f"tessera_operations_total{{{rest.format('other')}}} 50.0" in told
    assert f"tessera_operations_total{{{rest.format('Q0')}}} 2.0" in told


def test_a_name_of_any_length_is_not_kept() -> None:
    metrics = Metrics(dict, counts={})
    for number in range(3):
        count(metrics, str(number) * (LONGEST_NAME + 1), seconds=0.001)

    [line] = lines(metrics, "tessera_operations_total{")
    assert 'name="other"' in line
    assert line.endswith(" 3.0")


async def test_metrics_are_scraped_where_they_are_opened() -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        closed = await ask.http.get("/metrics")
    async with gateway_over({"shop": Retailer()}, server={"metrics": True}) as ask:
        await ask.data("query Kinds { __typename }")
        opened = await ask.http.get("/metrics")

    assert closed.status_code == 404
    assert opened.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'name="Kinds",outcome="complete"} 1.0' in opened.text


async def test_an_operation_that_waits_is_in_flight_until_it_is_answered() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await go_on.wait()

    retailer = Retailer()
    async with gateway_over({"shop": retailer}, server={"metrics": True}) as ask:
        retailer.wait = wait
        waiting = asyncio.create_task(ask.data('{ product(handle: "shirt") { name } }'))
        await asked.wait()
        during = (await ask.http.get("/metrics")).text
        go_on.set()
        await waiting
        after = (await ask.http.get("/metrics")).text

    assert "tessera_operations_in_flight 1.0" in during.splitlines()
    assert "tessera_operations_in_flight 0.0" in after.splitlines()
