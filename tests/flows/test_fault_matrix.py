"""Whatever one upstream does, the others answer in time and the answer says what is missing."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.shelves import stock
from tests.gateways import sandbox_gateway

BUDGET = 6.0  # seconds: on a busy machine the healthy ones need one
RESERVE = 3.0  # seconds of them, to put the answer together
REQUESTS = {"budget": f"PT{BUDGET}S", "reserve": f"PT{RESERVE}S"}
PATIENT = {"budget": "PT60S"}
UNANSWERED = "silent", "a minute slow", "slow drip"
NOTHING_KEPT = {"stock": {"fresh_for": "PT0S", "if_error_for": "PT0S"}}
ASKED = {"tills": "ST-MIL", "warehouse": "WH-1", "supplier": "SUP-1"}
QUERY = """query Spread($sku: Sku!) {
  variants(skus: [$sku]) {
    sku
    availability(locations: ["ST-MIL", "WH-1", "SUP-1", "ECOM-1"]) {
      location { code } status availableToSell freshness asOf source
    }
  }
}"""
FAULTS: dict[str, Fault] = {
    "silent": Fault(kind="silent"),
    "a minute slow": Fault(kind="slow", seconds=60),
    "slow drip": Fault(kind="drip"),
    "500": Fault(kind="fail"),
    "429": Fault(kind="throttle", retry_after=30),
    "cut": Fault(kind="cut"),
    "rubbish": Fault(kind="rubbish"),
    "half a document": Fault(kind="half"),
    "wrong types": Fault(kind="wrong_types"),
    "10 MB": Fault(kind="huge"),
    "refused credentials": Fault(kind="unauthorized"),
}
CODES = {
    "429": "UPSTREAM_THROTTLED",
    "rubbish": "UPSTREAM_BROKEN",
    "half a document": "UPSTREAM_BROKEN",
    "wrong types": "UPSTREAM_BROKEN",
    "10 MB": "UPSTREAM_BROKEN",
    "refused credentials": "UPSTREAM_UNAUTHORIZED",
}


def a_sku_everybody_has() -> str:
    """One that is in stock at every place of the sandbox that is asked about."""
    held, now = stock(7), datetime.now(UTC)

    def in_stock(sku: str, place: str) -> bool:
        count = held.count(sku, place, now)
        return count is not None and count.pieces - count.set_aside > 1

    return next(
        str(sku)
        for sku in assortment(7).skus
        if all(in_stock(sku, place) for place in [*ASKED.values(), "ECOM-1"])
    )


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("system", ASKED)
async def test_one_broken_system_hides_nobody_else(system: str, fault: str) -> None:
    async with sandbox_gateway(
        requests=REQUESTS if fault in UNANSWERED else PATIENT,
        connection={"timeout": "PT60S"},
        freshness=NOTHING_KEPT,
    ) as sandbox:
        sku = a_sku_everybody_has()
        sandbox.upstreams[system].break_with(FAULTS[fault])
        async with asyncio.timeout(BUDGET * 10):
            body = await sandbox.ask(QUERY, sku=sku)

    [variant] = body["data"]["variants"]
    by_location = {one["location"]["code"]: one for one in variant["availability"]}
    broken = by_location.pop(ASKED[system])
    assert (broken["status"], broken["availableToSell"], broken["freshness"]) == (
        ("UNKNOWN", None, "UNKNOWN")
    )
    assert broken["source"] == system
    assert {(one["status"], one["freshness"]) for one in by_location.values()} == {
        ("IN_STOCK", "LIVE")
    }
    [error] = body["errors"]
    assert error["extensions"]["connection"] == system
    assert error["extensions"]["code"] == CODES.get(fault, "UPSTREAM_UNAVAILABLE")


@pytest.mark.parametrize("fault", ["silent", "500"])
async def test_what_was_known_is_served_stale_with_its_age(fault: str) -> None:
    async with sandbox_gateway(
        requests=REQUESTS,
        freshness={"stock": {"fresh_for": "PT0S", "if_error_for": "PT60S"}},
    ) as sandbox:
        sku = a_sku_everybody_has()
        before = (await sandbox.ask(QUERY, sku=sku))["data"]["variants"][0]["availability"]
        sandbox.upstreams["tills"].break_with(FAULTS[fault])
        body = await sandbox.ask(QUERY, sku=sku)

    [was] = [one for one in before if one["location"]["code"] == "ST-MIL"]
    [now] = [
        one
        for one in body["data"]["variants"][0]["availability"]
        if one["location"]["code"] == "ST-MIL"
    ]
    assert now == was | {"freshness": "STALE"}
    assert [error["extensions"]["connection"] for error in body["errors"]] == ["tills"]
    [age] = [a for a in body["extensions"]["freshness"] if a["connection"] == "tills"]
    assert (age["port"], age["freshness"]) == ("StockSource", "STALE")
    assert age["asOf"] == was["asOf"].replace("+00:00", "Z") or age["asOf"] == was["asOf"]
    assert age["age"].startswith("PT")


async def test_a_few_bad_rows_never_hide_the_good_ones() -> None:
    async with sandbox_gateway(freshness=NOTHING_KEPT) as sandbox:
        ask = """{ products(first: 20) { edges { node { variants(first: 2) {
                   availability(locations: ["ST-MIL", "ST-ROM"]) { status } } } } } }"""
        healthy = _statuses(await sandbox.ask.data(ask))
        sandbox.upstreams["tills"].break_with(Fault(kind="bad_rows"))
        body = await sandbox.ask(ask)
        [tills] = [
            one["rejectedRows"]
            for one in (await sandbox.ask.staff.data("{ upstreams { name rejectedRows } }"))[
                "upstreams"
            ]
            if one["name"] == "tills"
        ]

    damaged = _statuses(body["data"])
    changed = [(was, now) for was, now in zip(healthy, damaged, strict=True) if was != now]
    assert 0 < tills < len(healthy)
    # What was not carried may now be among the rows that nobody can read: unknown, not absent.
    assert len([was for was, _ in changed if was != "NOT_CARRIED"]) == tills
    assert {now for _, now in changed} == {"UNKNOWN"}
    [error] = body["errors"]
    assert error["message"] == f"tills: {tills} of its rows could not be understood."


def _statuses(data: dict[str, Any]) -> list[str]:
    return [
        one["status"]
        for edge in data["products"]["edges"]
        for variant in edge["node"]["variants"]
        for one in variant["availability"]
    ]


async def test_a_full_outage_costs_at_most_a_tenth_more_calls_than_were_offered() -> None:
    offered = 100
    async with sandbox_gateway(freshness=NOTHING_KEPT) as sandbox:
        sku = a_sku_everybody_has()
        sandbox.upstreams["tills"].break_with(FAULTS["500"])
        sandbox.forget_calls()
        for _ in range(offered):
            body = await sandbox.ask(QUERY, sku=sku)
            assert body["errors"][0]["extensions"]["connection"] == "tills"

    assert sandbox.calls["tills"] <= 1.1 * offered
    assert sandbox.calls["warehouse"] == offered


async def test_a_future_timestamp_is_not_believed() -> None:
    async with sandbox_gateway(freshness=NOTHING_KEPT) as sandbox:
        sku = a_sku_everybody_has()
        sandbox.upstreams["warehouse"].break_with(Fault(kind="lie", hours=6))
        before = sandbox.gateway.now()
        body = await sandbox.ask(QUERY, sku=sku)
        after = sandbox.gateway.now()
        health = sandbox.gateway.services.connections["warehouse"].health

    [told] = [
        one
        for one in body["data"]["variants"][0]["availability"]
        if one["location"]["code"] == "WH-1"
    ]
    assert before.isoformat() <= told["asOf"] <= after.isoformat()
    assert health.clock_skew.total_seconds() > 5 * 3600
