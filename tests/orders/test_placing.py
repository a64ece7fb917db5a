"""An order has its goods and its money, or neither; one key is one order."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select

from app.availability.model import Spot
from app.availability.refusals import HoldExpired, HoldSuperseded
from app.orders.model import CancelReason, HandingState, OrderState
from app.orders.refusals import (
    NobodyCarriesOut,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotHeld,
)
from app.ports import Payment, PaymentStatus
from app.principals.model import THE_HOUSE
from app.store import Store
from app.store.keys import KeyReused
from app.store.tables import facts
from app.upstream.paying import PaymentDesk
from app.values import LONGEST_CODE, LocationCode, Sku
from connectors.sandbox.faults import Fault
from tests.orders.world import ADA, PATIENCE, World, a_key, opened, other, spot

SHOP, DC = spot("shop"), spot("dc")
NOTHING = Decimal(0)
NAME = "R" * 1_000


class Wordy(PaymentDesk):
    """A provider whose names of payments are long."""

    async def _asked(self, ask: Any) -> Any:
        told = await super()._asked(ask)
        return replace(told, reference=NAME) if isinstance(told, Payment) else told


async def told(world: World) -> list[str]:
    """The kinds of all facts, in order, but for those of stock and holds."""

    def question(connection: object) -> list[str]:
        rows = connection.execute(select(facts.c.kind).order_by(facts.c.seq))  # type: ignore[attr-defined]  # a connection
        return [row.kind for row in rows]

    kinds = await world.store.read(question)
    return [kind for kind in kinds if kind.startswith(("Order", "Payment", "Handing"))]


async def test_an_order_is_paid_handed_over_and_captured(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        placed = await world.place("a", SHOP)
        assert placed.order.state is OrderState.PLACED
        assert world.book("shop") == []  # the buyer does not wait for it
        order = await world.worked(placed.order)

        assert order.state is OrderState.SOURCED
        assert order.total.amount == Decimal("25.00")
        assert [(one.sink, one.state, one.reference) for one in order.handings] == [
            ("shop", HandingState.TAKEN, "SO-100001")
        ]
        assert world.book("shop") == [(order.number, True)]
        assert world.charges() == {order.number: ("authorised", Decimal("25.00"), NOTHING)}
        assert order.settled
        assert await told(world) == [
            "OrderAsked",
            *("PaymentAuthorised", "OrderPlaced"),
            *("HandingTaken", "OrderSourced"),
            "PaymentAuthorised",
        ]
        assert await world.worker.round() == 0


async def test_an_order_out_of_two_systems_is_handed_to_both(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP, DC)
        order = await world.worked((await world.place("a", SHOP, DC)).order)

        assert order.state is OrderState.SOURCED
        assert world.book("shop") == world.book("dc") == [(order.number, True)]


async def test_its_goods_are_counted_once_the_upstream_knows_them(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        placed = await world.place("a", SHOP)
        assert await world.sellable(SHOP) == 9
        await world.worked(placed.order)
        assert await world.sellable(SHOP) == 9  # what we know of the level is older than that

        world.clock.move(60)
        await world.stock(SHOP, on_hand=9)  # the upstream's own figures have them now
        assert await world.sellable(SHOP) == 9


async def test_however_long_the_provider_s_name_of_a_payment_is_its_order_goes_on(
    store: Store,
) -> None:
    async with opened(store, desk=Wordy) as world:
        await world.stock(SHOP)
        order = await world.worked((await world.place("a", SHOP)).order)

        assert order.state is OrderState.SOURCED
        assert order.charge is not None
        assert order.charge.reference == NAME
        assert world.charges() == {order.number: ("authorised", Decimal("25.00"), NOTHING)}


async def test_whatever_can_be_held_can_be_ordered(store: Store) -> None:
    longest = Spot(Sku("S" * LONGEST_CODE), SHOP.location)
    async with opened(store) as world:
        await world.stock(longest)
        placed = await world.place("a", longest)

        assert placed.order.state is OrderState.PLACED
        assert [line.sku for line in placed.order.lines] == [longest.sku]


async def test_a_declined_payment_is_an_order_refused_with_nothing_kept(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        order = (await world.place("a", SHOP, token="tok_declined")).order

        assert (order.state, order.reason) == (OrderState.REFUSED, CancelReason.PAYMENT_DECLINED)
        assert order.charge is not None
        assert order.charge.reason == "insufficient_funds"
        assert await world.sellable(SHOP) == 10
        assert world.book("shop") == []
        assert await world.worker.round() == 0
        assert (await told(world))[-2:] == ["PaymentDeclined", "OrderRefused"]


@pytest.mark.parametrize("token", ["tok_lost", "tok_fail", "tok_late"])
async def test_money_that_is_kept_and_not_told_of_is_found_by_its_key(
    store: Store, token: str
) -> None:
    patience = timedelta(seconds=2) if token == "tok_late" else PATIENCE
    async with opened(store, patience=patience) as world:
        await world.stock(SHOP)
        order = (await world.place("a", SHOP, token=token)).order
        assert order.state is OrderState.PLACED
        assert list(world.charges()) == [order.number]


async def test_while_the_provider_is_down_it_waits_to_be_confirmed(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        world.systems["payments"].break_with(Fault(kind="fail", status=503))
        order = (await world.place("a", SHOP)).order
        assert order.state is OrderState.PENDING_CONFIRMATION
        assert await world.sellable(SHOP) == 9

        world.clock.move(1)
        assert (await world.worked(order)).state is OrderState.PENDING_CONFIRMATION
        world.systems["payments"].mend()
        world.clock.move(10)
        order = await world.worked(order)

        # Nobody has the means of payment any more, so nothing can be charged any more.
        assert (order.state, order.reason) == (OrderState.REFUSED, CancelReason.PAYMENT_FAILED)
        assert await world.sellable(SHOP) == 10


async def test_who_asks_again_with_the_means_of_payment_confirms_it(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        purchase = await world.purchase("a", SHOP)
        world.systems["payments"].break_with(Fault(kind="fail", status=503))
        first = await world.service.place(purchase)
        world.systems["payments"].mend()
        second = await world.service.place(purchase)

        assert first.order.state is OrderState.PENDING_CONFIRMATION
        assert second.order.state is OrderState.PLACED
        assert second.order.number == first.order.number


async def test_a_provider_that_is_slow_and_a_buyer_who_asks_again_are_given_time(
    store: Store,
) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        purchase = await world.purchase("a", SHOP)
        world.systems["payments"].break_with(Fault(kind="fail", status=503))
        order = (await world.service.place(purchase)).order
        world.systems["payments"].mend()  # it knows of nothing yet
        for _ in range(5):
            world.clock.move(0.5)
            assert (await world.worked(order)).state is OrderState.PENDING_CONFIRMATION
        again = await world.service.place(purchase)

        assert again.order.state is OrderState.PLACED
        assert world.charges() == {order.number: ("authorised", NOTHING, NOTHING)}


async def test_money_kept_for_an_order_nobody_asks_for_again_is_found_unattended(
    store: Store,
) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        world.systems["payments"].break_with(Fault(kind="cut"))  # it happens, and nobody is told
        order = (await world.place("a", SHOP)).order
        assert order.state is OrderState.PENDING_CONFIRMATION
        world.systems["payments"].mend()
        world.clock.move(1)
        order = await world.worked(order)

        assert order.state is OrderState.SOURCED
        assert world.charges() == {order.number: ("authorised", Decimal("25.00"), NOTHING)}


async def test_one_key_is_one_order_whoever_asks_at_once(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        purchase = await world.purchase("a", SHOP)
        answers = await asyncio.gather(*(world.service.place(purchase) for _ in range(5)))
        await world.worked(answers[0].order)
        again = await world.service.place(purchase)

        assert len({(one.order.number, one.access_token) for one in (*answers, again)}) == 1
        assert again.order.state is OrderState.SOURCED
        assert len(world.charges()) == len(world.book("shop")) == 1
        assert await world.sellable(SHOP) == 9


async def test_a_key_is_not_for_another_order(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        purchase = await world.purchase("a", SHOP)
        await world.service.place(purchase)
        with pytest.raises(KeyReused):
            await world.service.place(other(purchase, once=a_key("a", "something else")))
        someone = await world.service.place(other(purchase, token="tok_declined"))
        assert someone.order.state is OrderState.PLACED  # another card is no other order


async def test_the_keys_of_two_callers_are_two_keys(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        purchase = await world.purchase("a", SHOP)
        await world.service.place(purchase)
        once = replace(purchase.once, scope="somebody else")
        with pytest.raises(HoldSuperseded):  # it is placed anew, and the hold is gone
            await world.service.place(other(purchase, once=once))


async def test_what_is_not_held_is_not_bought_and_nothing_is_left_behind(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        purchase = await world.purchase("a", SHOP)
        more = (replace(purchase.lines[0], quantity=2),)
        with pytest.raises(OrderNotHeld):
            await world.service.place(other(purchase, lines=more))
        with pytest.raises(HoldSuperseded):
            await world.service.place(other(purchase, fence=purchase.fence + 1))
        world.clock.move(3600)
        with pytest.raises(HoldExpired):
            await world.service.place(purchase)

        assert await world.orders() == []
        assert await world.sellable(SHOP) == 10
        assert world.charges() == {}


async def test_a_place_that_nobody_carries_out_of_is_refused(store: Store) -> None:
    async with opened(store) as world:
        nowhere = SHOP._replace(location=LocationCode("ST-1"))
        await world.stock(nowhere)
        with pytest.raises(NobodyCarriesOut):
            await world.place("a", nowhere)
        assert await world.orders() == []


async def test_an_order_that_an_upstream_refuses_is_undone_everywhere(store: Store) -> None:
    async with opened(store) as world:
        unknown = SHOP._replace(sku=type(SHOP.sku)("NO-SUCH-SKU"))
        await world.stock(unknown, DC)
        order = await world.worked((await world.place("a", unknown, DC)).order)

        assert (order.state, order.reason) == (
            OrderState.CANCELLED,
            CancelReason.REFUSED_UPSTREAM,
        )
        assert world.book("shop") == []
        assert world.book("dc") == [(order.number, False)]
        assert world.charges() == {order.number: ("voided", NOTHING, NOTHING)}
        assert (await world.sellable(unknown), await world.sellable(DC)) == (10, 10)
        assert order.settled


async def test_a_handing_whose_answer_was_lost_is_found_by_its_key(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        placed = await world.place("a", SHOP)
        world.systems["shop"].break_with(Fault(kind="cut"))
        order = await world.worked(placed.order)
        assert [one.state for one in order.handings] == [HandingState.UNSURE]
        assert order.state is OrderState.PLACED
        world.systems["shop"].mend()
        world.clock.move(1)
        order = await world.worked(order)

        assert order.state is OrderState.SOURCED
        assert world.book("shop") == [(order.number, True)]
        assert world.systems["shop"].requests[f"/v1/orders/{order.number}"] == 1


async def test_what_fails_is_tried_again_less_and_less_often(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        placed = await world.place("a", SHOP)
        world.systems["shop"].break_with(Fault(kind="fail", status=503))
        rounds = 0
        for _ in range(600):
            rounds += await world.worker.round()
            world.clock.move(0.1)

        # At once, then after 0.2, 0.4, 0.8 … seconds: 9 in a minute.
        assert rounds == 9
        assert (
            await world.service.find(placed.order.number, by=THE_HOUSE)
        ).state is OrderState.PLACED


async def test_a_cancelled_order_gives_back_goods_and_money(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        order = await world.worked((await world.place("a", SHOP)).order)
        cancelling = await world.service.cancel(order.number, CancelReason.BUYER)
        order = await world.worked(order)

        assert cancelling.state is OrderState.CANCELLING
        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.BUYER)
        assert world.book("shop") == [(order.number, False)]
        paid = Decimal("25.00")
        assert world.charges() == {order.number: ("authorised", paid, paid)}
        assert await world.sellable(SHOP) == 10
        assert (await world.service.cancel(order.number, CancelReason.STAFF)) == order


async def test_an_order_that_waits_to_be_confirmed_can_be_cancelled(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        world.systems["payments"].break_with(Fault(kind="cut"))
        order = (await world.place("a", SHOP)).order
        await world.service.cancel(order.number, CancelReason.BUYER)
        world.systems["payments"].mend()
        order = await world.worked(order)

        assert order.state is OrderState.CANCELLED
        assert world.charges() == {order.number: ("voided", NOTHING, NOTHING)}
        assert world.book("shop") == []


async def test_a_refused_order_cannot_be_cancelled(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        order = (await world.place("a", SHOP, token="tok_declined")).order
        with pytest.raises(OrderNotCancellable):
            await world.service.cancel(order.number, CancelReason.BUYER)
        with pytest.raises(OrderNotFound):
            await world.service.cancel("NOBODY", CancelReason.BUYER)


async def test_a_guest_sees_the_order_with_its_token_only(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        one, two = [await world.place(name, SHOP) for name in "ab"]
        number = one.order.number

        assert await world.service.find(number, access=one.access_token) == one.order
        for wrong in (two.access_token, "", "x"):
            with pytest.raises(OrderNotFound):
                await world.service.find(number, access=wrong)


async def test_an_order_without_a_provider_is_placed_at_once(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        order = await world.worked((await world.place("a", SHOP)).order)
        assert (order.state, order.charge) == (OrderState.SOURCED, None)
        await world.service.cancel(order.number, CancelReason.STAFF)
        assert (await world.worked(order)).state is OrderState.CANCELLED


async def test_a_list_is_read_in_pages_the_latest_first(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        placed = []
        for name in "abc":
            world.clock.move(1)
            placed.append(await world.place(name, SHOP))
        numbers = [one.order.number for one in placed]
        tokens = [one.access_token for one in placed]
        first = await world.service.page(tokens, first=2)
        last = first[-1]
        second = await world.service.page(tokens, first=2, after=(last.placed_at, last.number))

        assert [one.number for one in (*first, *second)] == numbers[::-1]
        assert await world.service.page(tokens, first=9, states=[OrderState.REFUSED]) == []


async def test_a_guest_is_told_of_the_orders_of_its_tokens_and_of_no_others(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        one, two, other_one = [await world.place(name, SHOP) for name in "abc"]
        both = [one.access_token, two.access_token, "nobody's", other_one.order.number, ""]
        found = await world.service.page(both, first=9)

        assert {order.number for order in found} == {one.order.number, two.order.number}
        assert await world.service.page([], first=9) == []


async def test_a_page_is_one_question_to_the_store_whatever_is_on_it(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP, DC)
        placed = [await world.place(str(number), SHOP, DC) for number in range(9)]
        tokens = [one.access_token for one in placed]
        asked: list[str] = []
        engine: Any = getattr(store.engine, "sync_engine", store.engine)  # type: ignore[attr-defined]  # both have one

        def counted(*told: Any) -> None:
            asked.append(told[2])

        event.listen(engine, "before_cursor_execute", counted)
        sizes = {}
        for first in (1, 3, 9):
            asked.clear()
            page = await world.service.page(tokens, first=first)
            sizes[first] = (len(page), len([one for one in asked if one.startswith("SELECT")]))
        event.remove(engine, "before_cursor_execute", counted)

        assert sizes == {1: (1, 1), 3: (3, 1), 9: (9, 1)}
        assert all(len(one.handings) == 2 and one.charge is not None for one in page)


async def test_no_fact_says_who_buys(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        await world.worked((await world.place("a", SHOP)).order)

        def question(connection: object) -> str:
            return str(connection.execute(select(facts.c.body, facts.c.entity)).all())  # type: ignore[attr-defined]  # a connection

        everything = await world.store.read(question)
        for word in (*ADA.name.split(), ADA.email, "Via Roma", "tok_ok"):
            assert word not in everything


async def test_a_payment_that_was_authorised_is_never_asked_with_another_key(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        order = (await world.place("a", SHOP)).order
        assert order.charge is not None
        assert str(order.charge.key) == str(order.number)
        assert order.charge.status is PaymentStatus.AUTHORISED
