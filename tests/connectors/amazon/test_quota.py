"""Are Amazon's usage plans kept?"""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse

from app.errors import UpstreamThrottled
from app.ports import MarketOrderNumber, Offer, OfferState, PublicationKey
from app.values import Sku
from connectors.amazon import listings, orders
from connectors.amazon.api import Call
from connectors.amazon.quota import Bucket, Plan
from connectors.amazon.specimen_listings import listing
from connectors.amazon.specimen_orders import OPEN
from tests.connectors.amazon.contract import MODELS, model
from tests.connectors.amazon.seller import NOON, Seller, a_parcel, a_seller
from tests.connectors.amazon.test_contract import needs_models

PLAN = re.compile(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|")
SEARCH = "/orders/2026-01-01/orders"
RESTING = timedelta(seconds=1 / 0.0056)  # between two searches
A_HAIR = timedelta(milliseconds=1)
DOCUMENTED = [
    orders.SEARCH,
    orders.ORDER,
    orders.CONFIRM_SHIPMENT,
    listings.SEARCH,
    listings.PATCH,
]
UNDOCUMENTED = [orders.SHIPMENT, orders.PROCESS_SHIPMENT]


def described(call: Call) -> str:
    """What the models say about an operation."""
    shape = re.sub(r"\{\w+\}", "{}", call.path)
    (found,) = (
        methods[call.method.lower()]["description"]
        for name in MODELS
        for path, methods in model(name)["paths"].items()
        if re.sub(r"\{\w+\}", "{}", path) == shape
    )
    return str(found)


@needs_models
@pytest.mark.parametrize("call", DOCUMENTED, ids=lambda call: call.operation)
def test_each_operation_begins_with_the_plan_of_its_model(call: Call) -> None:
    assert PLAN.findall(described(call)) == [(f"{call.plan.rate:g}", f"{call.plan.burst}")]


@needs_models
@pytest.mark.parametrize("call", UNDOCUMENTED, ids=lambda call: call.operation)
def test_a_plan_is_assumed_only_where_no_model_has_one(call: Call) -> None:
    assert PLAN.findall(described(call)) == []
    assert call.plan == orders.UNSTATED


@given(
    rate=st.floats(0.001, 100),
    burst=st.integers(1, 30),
    pauses=st.lists(st.floats(0, 50), max_size=60),
)
def test_no_more_is_taken_than_a_plan_gives(rate: float, burst: int, pauses: list[float]) -> None:
    bucket, at, taken = Bucket(Plan(rate, burst), NOON), NOON, 0
    for pause in pauses:
        at += timedelta(seconds=pause)
        wait = bucket.take(at)
        if wait:
            at += wait + timedelta(microseconds=1)  # what a clock cannot tell apart
            assert not bucket.take(at)
        taken += 1

    assert taken <= burst + (at - NOON).total_seconds() * rate + 1e-3


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(Plan(1, 1), NOON)
    bucket.take(NOON)

    assert bucket.take(NOON - timedelta(hours=1)) == timedelta(seconds=1)
    assert bucket.take(NOON + timedelta(seconds=1)) == timedelta()


async def read(seller: Seller, times: int = 1) -> None:
    for _ in range(times):
        await seller.connection.orders(None, first=100)


async def test_a_burst_is_spent_and_the_next_call_is_told_when_before_it_is_sent() -> None:
    async with a_seller(wide=False) as seller:
        await read(seller, 20)
        with pytest.raises(UpstreamThrottled, match="no quota left for search-orders") as told:
            await read(seller)
        sent = len(seller.asked(SEARCH))
        seller.clock.time += told.value.retry_after
        await read(seller)

    assert told.value.retry_after == pytest.approx(RESTING, abs=A_HAIR)
    assert sent == 20
    assert len(seller.asked(SEARCH)) == 21


async def test_a_spent_operation_holds_no_other_one_back() -> None:
    async with a_seller(wide=False) as seller:
        await read(seller, 20)
        found = await seller.connection.numbered([MarketOrderNumber(OPEN)])

    assert len(found.rows) == 1


async def test_short_waits_are_waited_for() -> None:
    """Ten look-ups of a seller's listings in a moment: five at once, then five a second."""
    async with a_seller(wide=False) as seller:
        for _ in range(10):
            await seller.connection.listings([Sku("BOTTLE")])

    assert seller.clock.slept == pytest.approx([0.2] * 5)


async def test_a_batch_of_offers_goes_out_at_amazons_pace_and_is_never_throttled() -> None:
    skus = [Sku(f"S-{number}") for number in range(45)]
    async with a_seller(wide=False) as seller:
        known: dict[str, Any] = {sku: listing(sku, 1, "1.00", "SHOES") for sku in skus}
        seller.amazon.listings.listings = known
        offers = [Offer(sku=sku, quantity=9) for sku in skus]
        answer = await seller.connection.publish(offers, key=PublicationKey("K"))

    assert {row.state for row in answer.rows} == {OfferState.ACCEPTED}
    assert len(seller.paths) == 3 + 45
    assert sum(seller.clock.slept) == pytest.approx((45 - 5) / 5)
    assert seller.amazon.refusals == 0


async def test_a_wider_plan_that_an_answer_tells_is_used() -> None:
    async with a_seller(wide=False) as seller:
        seller.amazon.widen("GET", SEARCH, 2.0)
        await read(seller, 25)

    assert seller.clock.slept == pytest.approx([0.5] * 5)


async def test_a_narrower_plan_that_an_answer_tells_is_kept() -> None:
    async with a_seller(wide=False) as seller:
        seller.amazon.widen("GET", "/listings/2021-08-01/items/{seller}", 1.0)
        for _ in range(6):
            await seller.connection.listings([Sku("BOTTLE")])

    assert seller.clock.slept == pytest.approx([1.0])
    assert seller.amazon.refusals == 0


class Header:
    """Puts another rate in the headers of answers, or answers 429."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.rate: str | None = None
        self.throttles: dict[str, str] | None = None
        self.state = app.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.throttles is not None and scope["path"] != "/auth/o2/token":
            told = {"errors": [{"code": "QuotaExceeded", "message": "No."}]}
            await JSONResponse(told, 429, headers=self.throttles)(scope, receive, send)
            return

        async def changed(message: Any) -> None:
            if message["type"] == "http.response.start" and self.rate is not None:
                name = b"x-amzn-ratelimit-limit"
                rest = [pair for pair in message["headers"] if pair[0].lower() != name]
                message = {**message, "headers": [*rest, (name, self.rate.encode())]}
            await send(message)

        await self._app(scope, receive, changed)


@pytest.mark.parametrize("rate", ["", "many", "0", "-1", "nan", "inf", "1;2", "1e-9", "1e300"])
async def test_a_rate_that_is_none_changes_nothing(rate: str) -> None:
    around: list[Header] = []

    def made(app: Any) -> Header:
        around.append(Header(app))
        return around[-1]

    async with a_seller(wide=False, around=made) as seller:
        around[0].rate = rate
        await read(seller, 20)
        with pytest.raises(UpstreamThrottled) as told:
            await read(seller)

    assert told.value.retry_after == pytest.approx(RESTING, abs=A_HAIR)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({}, RESTING), ({"Retry-After": "7"}, timedelta(seconds=7))],
    ids=["without a time", "with a time"],
)
async def test_a_429_is_waited_for_as_told_or_as_the_plan_says(
    headers: dict[str, str], wait: timedelta
) -> None:
    around: list[Header] = []

    def made(app: Any) -> Header:
        around.append(Header(app))
        return around[-1]

    async with a_seller(wide=False, around=made) as seller:
        around[0].throttles = headers
        with pytest.raises(UpstreamThrottled, match="answered search-orders with 429") as told:
            await read(seller)
        around[0].throttles = None
        seller.clock.time += wait / 2
        with pytest.raises(UpstreamThrottled):
            await read(seller)
        sent = len(seller.asked(SEARCH))
        seller.clock.time += wait / 2 + timedelta(milliseconds=1)
        await read(seller)

    assert told.value.retry_after == pytest.approx(wait, abs=A_HAIR)
    assert (sent, len(seller.asked(SEARCH))) == (1, 2)


async def test_a_parcel_that_was_throttled_was_not_told() -> None:
    async with a_seller(wide=False) as seller:
        seller.amazon.plans["POST", orders.CONFIRM_SHIPMENT.path].spend(seller.clock.now())
        with pytest.raises(UpstreamThrottled) as told:
            await seller.connection.confirm_shipment(a_parcel())
        held = seller.amazon.orders.held()
        seller.clock.time += told.value.retry_after + timedelta(seconds=1)
        await seller.connection.confirm_shipment(a_parcel())

    assert held == []
    assert seller.amazon.orders.held() == [(OPEN, {"11": 2})]
