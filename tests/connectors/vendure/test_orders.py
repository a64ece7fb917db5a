"""Orders at Vendure: what is said to it, and what its recorded answers mean."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamBroken, UpstreamRefused, UpstreamUnavailable
from app.ports import OrderKey, OrderStatus, SoldOrder, WireRequest, Wiring
from app.values import CurrencyCode, FulfilmentMethod, LocationCode, Money
from connectors.vendure import Settings, connect
from connectors.vendure.order_mapping import BEGUN, STATES, buyer, found
from connectors.vendure.specimen import PASSWORD, SPECIMENS, USERNAME
from connectors.vendure.specimen_orders import ORDERS, orders_specimen
from tests.connectors.vendure.wire import LOCATIONS, NOON, FakeHttp

ORDER = orders_specimen().order
KEY = ORDER.key
CONVERSATION = ["find-order", "create-draft", "fill-draft", "claim", "arrange", "orders"]


def a_shop(http: FakeHttp, **orders: Any) -> Any:
    settings = Settings.model_validate(
        {
            "url": "http://shop",
            "username": USERNAME,
            "password": PASSWORD,
            "orders": {**ORDERS, **orders},
        }
    )
    wiring = Wiring(name="shop", http=http, now=lambda: NOON, locations=LOCATIONS)
    return connect(settings, wiring)


def operations(http: FakeHttp) -> list[str]:
    return [one.operation for one in http.sent if one.operation != "log-in"]


def variables(request: WireRequest) -> Any:
    assert request.body is not None
    return orjson.loads(request.body)["variables"]


def recorded(name: str) -> Any:
    return FakeHttp()._vendure.exchanges[name]["body"]


async def test_a_new_order_is_drafted_filled_claimed_and_paid() -> None:
    http = FakeHttp()
    told = await a_shop(http).hand_over(ORDER)

    assert operations(http) == CONVERSATION
    assert [one.operation for one in http.sent if not one.safe] == ["log-in", *CONVERSATION[1:5]]
    filled, claimed, paid = (variables(one) for one in http.sent[-4:-1])
    assert filled["line0"] == {
        "productVariantId": "2",
        "quantity": 1,
        "customFields": {"location": "1"},
    }
    assert filled["buyer"] == {
        "firstName": "Grace",
        "lastName": "Example",
        "emailAddress": "grace@example.com",
        "phoneNumber": "+39 045 111111",
    }
    assert claimed == {"order": "1", "key": "T-1"}
    assert paid["payment"] == {
        "orderId": "1",
        "method": "tessera",
        "transactionId": "T-1",
        "metadata": {},
    }
    assert (told.reference, told.status) == ("TINY1", OrderStatus.ACCEPTED)


async def test_a_buyer_that_the_shop_knows_becomes_the_customer() -> None:
    http = FakeHttp()
    known = recorded("order-find")
    known["data"]["customers"]["items"] = [{"id": "7", "emailAddress": "grace@example.com"}]
    http.say("find-order", known)
    await a_shop(http).hand_over(ORDER)

    (filled,) = (variables(one) for one in http.sent if one.operation == "fill-draft")
    assert (filled["customer"], filled["buyer"]) == ("7", None)


async def test_who_comes_second_throws_the_own_draft_away() -> None:
    http = FakeHttp()
    shop = a_shop(http)
    first = await shop.hand_over(ORDER)
    http.sent.clear()
    http.say("find-order", {"data": {**recorded("order-find")["data"], "orders": none()}})

    assert await shop.hand_over(ORDER) == first
    assert operations(http) == [
        *("find-order", "create-draft", "fill-draft", "claim"),
        *("orders", "delete-draft"),
    ]


def none() -> Any:
    return {"totalItems": 0, "items": []}


async def test_a_claim_that_nobody_can_find_again_is_unknown() -> None:
    http = FakeHttp()
    http.say("claim", recorded("order-claim-taken"))
    with pytest.raises(UpstreamUnavailable):
        await a_shop(http).hand_over(ORDER)
    assert operations(http)[-1] == "orders"


async def test_too_little_stock_is_refused_and_the_draft_thrown_away() -> None:
    http = FakeHttp()
    http.say("fill-draft", recorded("order-fill-short"))
    with pytest.raises(UpstreamRefused, match="INSUFFICIENT_STOCK_ERROR"):
        await a_shop(http).hand_over(ORDER)
    assert operations(http)[-1] == "delete-draft"


async def test_lines_that_were_not_asked_for_are_never_claimed() -> None:
    http = FakeHttp()
    http.say("fill-draft", recorded("order-fill"))  # the bottles of somebody else
    with pytest.raises(UpstreamBroken):
        await a_shop(http).hand_over(ORDER)
    assert "claim" not in operations(http)


async def test_a_state_nobody_knows_is_told_as_rejected() -> None:
    http = FakeHttp()
    strange = recorded("order-orders")
    strange["data"]["orders"]["items"][0]["state"] = "Teleported"
    http.say("orders", strange)
    answer = await a_shop(http).placed([KEY])
    assert answer.rows == ()
    assert [row.reference for row in answer.rejected] == ["1"]


@pytest.mark.parametrize(
    "order",
    [
        replace(ORDER, method=FulfilmentMethod.PICK_UP_IN_STORE),
        replace(ORDER, lines=(replace(ORDER.lines[0], location=LocationCode("ST-1")),)),
    ],
)
async def test_what_the_shop_has_no_word_for_is_refused_before_anything_is_written(
    order: SoldOrder,
) -> None:
    http = FakeHttp()
    with pytest.raises(UpstreamRefused):
        await a_shop(http).hand_over(order)
    assert [one for one in http.sent if not one.safe and one.operation != "log-in"] == []


async def test_without_orders_there_is_no_port() -> None:
    retail = next(one for one in SPECIMENS if one.label == "vendure-retail")
    settings = Settings.model_validate({**retail.settings, "url": "http://shop"})
    wiring = Wiring(name="shop", http=FakeHttp(), now=lambda: NOON, locations=LOCATIONS)
    assert not hasattr(connect(settings, wiring), "hand_over")


def test_what_was_recorded_of_an_order() -> None:
    (row,) = recorded("order-orders")["data"]["orders"]["items"]
    (cancelled,) = recorded("order-orders-cancelled")["data"]["orders"]["items"]
    one, gone = found(row, "orderKey", 2), found(cancelled, "orderKey", 2)
    assert one.told is not None
    assert gone.told is not None
    assert (one.told.key, one.told.status) == (OrderKey("N-1"), OrderStatus.ACCEPTED)
    assert one.told.total == Money(one.told.total.amount, CurrencyCode("EUR"))  # type: ignore[union-attr]  # it is told
    assert str(one.told.total.amount) == "149.57"
    assert gone.told.status is OrderStatus.CANCELLED


@given(
    state=st.sampled_from(sorted(STATES)),
    minor=st.integers(min_value=0, max_value=10**12),
    key=st.text(alphabet="ABC-123", min_size=1, max_size=20),
)
def test_an_order_is_known_once_it_has_more_than_begun(state: str, minor: int, key: str) -> None:
    row = {
        "id": "1",
        "code": "C",
        "state": state,
        "totalWithTax": minor,
        "currencyCode": "EUR",
        "customFields": {"orderKey": key},
    }
    one = found(row, "orderKey", 2)
    assert (one.told is None) == (state in BEGUN)
    assert one.key == key
    if one.told is not None:
        assert one.told.total is not None
        assert one.told.total.amount * 100 == minor


@given(name=st.text(min_size=1, max_size=40))
def test_no_part_of_a_name_is_lost(name: str) -> None:
    told = buyer(replace(ORDER, buyer=replace(ORDER.buyer, name=name)))
    assert f"{told['firstName']} {told['lastName']}".rstrip(" ") == name.rstrip(" ")
