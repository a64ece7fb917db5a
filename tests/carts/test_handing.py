"""A cart goes from the tablet to the phone by a code that nobody guesses."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from app.carts.handing import ALPHABET
from app.carts.tables import hand_overs
from app.store import Store
from tests.carts.shopping import Shopper, shopping

KEY = "4c1f6a52-5a0e-4c8e-9d6f-1b1a7c1d2e3f"


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store) as one:
        yield one


async def offered(shopper: Shopper, cart: str) -> str:
    done = await shopper("cartHandOver", cartId=cart)
    code: str = done["takeOverCode"]
    return code


async def refusal(shopper: Shopper, code: str) -> str:
    done = await shopper("cartTakeOver", code=code)
    assert done["__typename"] == "HandOverCodeRefused", done
    told: str = done["code"]
    return told


def wrong(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


async def test_the_phone_gets_the_cart_of_the_tablet(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    code = await offered(shopper, cart["id"])

    assert set(code.replace("-", "")) <= set(ALPHABET)
    assert len(code) == 11
    assert await shopper.cart("cartTakeOver", code=code) == cart
    assert await shopper.told() == ["CartCreated", "CartHandOverOffered", "CartTakenOver"]


async def test_a_person_may_type_it_in_small_letters_and_mistake_o_for_zero(
    shopper: Shopper,
) -> None:
    cart = await shopper.new()
    for typed in (str.lower, lambda c: c.replace("0", "o").replace("1", "l"), lambda c: f" {c} "):
        code = await offered(shopper, cart["id"])
        assert (await shopper.cart("cartTakeOver", code=typed(code)))["id"] == cart["id"]


async def test_a_code_is_good_once_and_its_key_for_who_lost_the_answer(shopper: Shopper) -> None:
    cart = await shopper.new()
    code = await offered(shopper, cart["id"])
    first = await shopper.cart("cartTakeOver", code=code, idempotencyKey=KEY)

    assert await shopper.cart("cartTakeOver", code=code, idempotencyKey=KEY) == first
    assert await refusal(shopper, code) == "HAND_OVER_CODE_REFUSED"


async def test_a_code_is_good_for_two_minutes(shopper: Shopper) -> None:
    cart = await shopper.new()
    code = await offered(shopper, cart["id"])
    shopper.clock.passes(timedelta(minutes=2))

    assert await refusal(shopper, code) == "HAND_OVER_CODE_REFUSED"


async def test_a_new_code_takes_the_place_of_the_old(shopper: Shopper) -> None:
    cart = await shopper.new()
    old, new = await offered(shopper, cart["id"]), await offered(shopper, cart["id"])

    assert await refusal(shopper, old) == "HAND_OVER_CODE_REFUSED"
    assert (await shopper.cart("cartTakeOver", code=new))["id"] == cart["id"]


async def test_five_wrong_tries_are_the_end_of_a_code(shopper: Shopper) -> None:
    cart = await shopper.new()
    code = await offered(shopper, cart["id"])
    for _ in range(4):
        await refusal(shopper, wrong(code))
    other = await offered(shopper, (await shopper.new())["id"])
    await shopper.cart("cartTakeOver", code=other)  # its failures are its own

    await refusal(shopper, wrong(code))
    assert await refusal(shopper, code) == "HAND_OVER_CODE_REFUSED"


async def test_who_tries_many_at_once_gets_no_more_tries(shopper: Shopper) -> None:
    cart = await shopper.new()
    code = await offered(shopper, cart["id"])
    tries = [wrong(code)] * 12
    await asyncio.gather(*(refusal(shopper, one) for one in tries))

    def failures(connection: Connection) -> int:
        counted: int = connection.execute(select(hand_overs.c.failures)).scalar_one()
        return counted

    assert await shopper.store.read(failures) == 5
    assert await refusal(shopper, code) == "HAND_OVER_CODE_REFUSED"


@pytest.mark.parametrize("code", ["", "0", "0000-000000", "é" * 10, "\u0000" * 10, "A" * 1_000])
async def test_what_is_no_code_is_refused_like_a_wrong_one(shopper: Shopper, code: str) -> None:
    assert await refusal(shopper, code) == "HAND_OVER_CODE_REFUSED"


async def test_the_code_is_not_written_anywhere(shopper: Shopper) -> None:
    cart = await shopper.new()
    code = (await offered(shopper, cart["id"])).replace("-", "")

    def everything(connection: Connection) -> str:
        tables = ("hand_overs", "facts", "idempotency_keys", "carts")
        rows = [connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in tables]  # noqa: S608
        return str(rows)

    written = await shopper.store.read(everything)
    assert code[:4] in written  # it is found by that
    assert code[4:] not in written


async def test_a_closed_or_unknown_cart_is_not_handed_over(shopper: Shopper) -> None:
    guest, own = await shopper.new(), await shopper.new()
    code = await offered(shopper, guest["id"])
    await shopper.cart("cartMerge", **{"from": guest["id"], "into": own["id"], "version": 1})

    assert (await shopper("cartHandOver", cartId=guest["id"]))["code"] == "CART_CLOSED"
    taken = await shopper.cart("cartTakeOver", code=code)
    assert taken["status"] == "MERGED"
