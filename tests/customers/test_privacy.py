"""Told everything, or forgotten by everybody: a receipt for each system, whatever happens."""

import gc
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, exists, select, update

from app.api.nodes import key_of
from app.carts import closing
from app.carts.model import CartId
from app.carts.refusals import CartVersionConflict
from app.carts.tables import carts
from app.main import utc_now
from app.orders.keeping import NOBODY
from app.orders.tables import orders
from app.store import Work
from app.store.tables import metadata
from connectors.sandbox.faults import Fault
from connectors.sandbox.retailer.people import Person
from tests.customers.shoppers import House, a_key, house, known_to_both, proved, shopper
from tests.redis import until

ADA = known_to_both(confirmed=True, checked=True)
CANARY = "zz-canary"
DONE = {"shop", "tills", "tessera"}


def over(request: dict[str, Any]) -> bool:
    return request["doneAt"] is not None


def parts(request: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((one["source"], one["task"], one["state"]) for one in request["receipts"])


async def asked(at: House, name: str, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    given = {"idempotencyKey": a_key(), **more}
    done = await at.done(at.by(headers), name, **given)
    assert done["__typename"] == "PrivacyRequested", done
    request: dict[str, Any] = done["request"]
    return request


def silent(request: dict[str, Any]) -> bool:
    """Whether the tills were asked for everything and did not answer."""
    told = [one["reason"] for one in request["receipts"] if one["source"] == "tills"]
    return told == ["UPSTREAM_UNAVAILABLE"] * 2


async def settled(at: House) -> dict[str, Any]:
    """Somebody with something of everything: everywhere there is a canary."""
    me = await at.registered(
        proved(ADA),
        givenName=f"{CANARY}-given",
        familyName=f"{CANARY}-family",
        contactsAdd=[{"email": f"{CANARY}@example.com"}, {"phone": "+44 7700 900998"}],
        addresses=[{"lines": [f"{CANARY} road 1"], "city": CANARY, "country": "IT"}],
        sizes=[{"what": "shoes", "size": f"{CANARY}-42"}],
    )
    note = {"notes": f"{CANARY} likes tea"}
    given = {"customerId": me["id"], "version": me["version"], "profile": note}
    await at.done(at.staff, "customerUpdate", **given)
    consent = {"purpose": "MARKETING", "channel": "EMAIL", "granted": True}
    mine = at.by(proved(ADA))
    await at.done(mine, "consentSet", source="checkout", wording=f"{CANARY}-1", **consent)
    await at.done(mine, "wishlistAdd", sku=f"{CANARY.upper()}-SKU")
    await at.ordered(ADA, me["id"], name=f"{CANARY} buyer")
    return me


async def test_everything_there_is_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        me = await settled(at)
        request = await asked(at, "customerExport", proved(ADA))
        done = await at.until(at.by(proved(ADA)), request["id"], over)
        assert {one["source"] for one in done["receipts"]} == DONE
        told = {
            one["source"]: one["documents"]
            for one in done["receipts"]
            if one["documents"] is not None
        }
        assert told["shop"]["account"]["email"].lower() == ADA.email
        assert told["tills"]["masterData"]["cardNo"].replace(" ", "") == ADA.card
        assert len(told["tills"]["purchases"]) > 0
        own = told["tessera"]
        assert own["customers"][0]["profile"]["given_name"] == f"{CANARY}-given"
        assert own["consents"][0]["wording"] == f"{CANARY}-1"
        assert own["wishes"][0]["sku"] == f"{CANARY.upper()}-SKU"
        assert own["orders"][0]["buyer"]["email"] == ADA.email
        assert own["carts"][0]["buyer"]["email"] == ADA.email
        assert me["id"]
        again = (await at.seen(me["id"], "privacyRequests { id }"))["privacyRequests"]
        assert again == [{"id": request["id"]}]


async def test_an_export_is_told_for_seven_days(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        lasting: dict[str, Any] = {"email": ADA.email, "email_verified": True}
        mine = shopper("lasting", exp=utc_now() + timedelta(days=30), **lasting)
        await at.registered(mine)
        request = await asked(at, "customerExport", mine)
        await at.until(at.by(mine), request["id"], over)
        at.clock.ahead = timedelta(days=7, seconds=1)
        later = await at.request(at.by(mine), request["id"])
        assert later is not None
        assert all(one["documents"] is None for one in later["receipts"])
        await at.sandbox.gateway.services.people.privacy.worker.round()
        at.clock.ahead = timedelta()
        gone = await at.request(at.by(mine), request["id"])
        assert gone is not None
        assert all(one["documents"] is None for one in gone["receipts"])


def words(person: Person) -> list[str]:
    """All that names somebody; numbers long enough that no time or hash holds one by chance."""
    return [CANARY, person.email, person.phone[-9:], person.card, "700900998", "700900999"]


def found_in(text: bytes, person: Person) -> list[str]:
    low = text.lower()
    texts = low, low.translate(None, b" ()")  # as some write numbers
    return [word for word in words(person) if any(word.lower().encode() in one for one in texts)]


def systems_name(at: House, person: Person) -> list[str]:
    """What the systems still keep of somebody."""
    states = [one.served.state for one in at.sandbox.upstreams.values()]  # type: ignore[attr-defined]
    kept = [getattr(state, name, None) for state in states for name in ("register", "book")]
    return found_in(repr(kept).encode(), person)


async def test_who_is_forgotten_is_nowhere_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with house(tmp_path) as at:
        await settled(at)
        exported = await asked(at, "customerExport", proved(ADA))
        await at.until(at.by(proved(ADA)), exported["id"], over)
        files = [at.store, at.store.with_name("store.db-wal")]
        assert any(found_in(file.read_bytes(), ADA) for file in files)
        assert systems_name(at, ADA) != []

        request = await asked(at, "customerErase", proved(ADA))
        done = await at.until(at.by(proved(ADA)), request["id"], over)
        assert parts(done) == [
            ("shop", "LOOK_UP", "DONE"),
            ("shop", "ONE", "DONE"),
            ("tessera", "OWN", "DONE"),
            ("tills", "LOOK_UP", "DONE"),
            ("tills", "ONE", "DONE"),
        ]
        assert [one["kept"] for one in done["receipts"] if one["task"] == "ONE"] == [["SALES"]] * 2
        assert done["unresolved"] == 0
        assert systems_name(at, ADA) == []
        assert await at.by(proved(ADA)).data("{ me { id } }") == {"me": None}

        def rows(connection: Connection) -> str:
            tables = metadata.sorted_tables
            return repr([list(connection.execute(select(one))) for one in tables])

        kept = await at.sandbox.gateway.store.read(rows)
        assert found_in(kept.encode(), ADA) == []
        for file in files:
            assert found_in(file.read_bytes(), ADA) == [], file
    gc.collect()
    assert found_in(capsys.readouterr().out.encode(), ADA) == []


def others_done(request: dict[str, Any]) -> bool:
    """Whether all but the tills have forgotten."""
    receipts = [one for one in request["receipts"] if one["source"] != "tills"]
    return all(one["state"] == "DONE" for one in receipts)


async def test_a_system_that_is_silent_is_asked_until_it_has_forgotten(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        at.sandbox.upstreams["tills"].break_with(Fault(kind="fail"))
        request = await asked(at, "customerErase", proved(ADA))
        mine = at.by(proved(ADA))
        waits = await at.until(mine, request["id"], lambda one: others_done(one) and silent(one))
        assert waits["doneAt"] is None
        waiting = {one["source"] for one in waits["receipts"] if one["state"] == "WAITING"}
        assert waiting == {"tills"}
        at.sandbox.upstreams["tills"].mend()
        done = await at.until(mine, request["id"], over, waiting=timedelta(minutes=3))
        assert {state for _, _, state in parts(done)} == {"DONE"}
        assert systems_name(at, ADA) == []


async def test_asked_again_under_the_same_key_it_is_the_same_request(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        key = a_key()
        one = await asked(at, "customerErase", proved(ADA), idempotencyKey=key)
        await at.until(at.by(proved(ADA)), one["id"], over)
        again = await asked(at, "customerErase", proved(ADA), idempotencyKey=key)
        assert again["id"] == one["id"]


async def test_who_may_be_somebody_else_is_left_alone_and_counted(tmp_path: Path) -> None:
    bob = known_to_both(confirmed=False, checked=False)
    async with house(tmp_path) as at:
        await at.registered(proved(bob))
        request = await asked(at, "customerErase", proved(bob))
        done = await at.until(at.by(proved(bob)), request["id"], over)
        assert done["unresolved"] >= 1
        assert not any(one["task"] == "ONE" for one in done["receipts"])
        assert systems_name(at, bob) != []


async def test_a_system_that_was_silent_when_they_registered_forgets_them_too(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        at.sandbox.upstreams["shop"].break_with(Fault(kind="fail"))
        given = {"profile": {}, "idempotencyKey": a_key()}
        done = await at.done(at.by(proved(ADA)), "customerRegister", **given)
        assert done["silent"] == ["shop"]
        at.sandbox.upstreams["shop"].mend()
        request = await asked(at, "customerErase", proved(ADA))
        told = await at.until(at.by(proved(ADA)), request["id"], over)
        assert ("shop", "ONE", "DONE") in parts(told)
        assert systems_name(at, ADA) == []


async def test_nobody_sees_or_asks_for_anothers(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        me = await at.registered(proved(ADA))
        await at.registered(shopper("eve"))
        request = await asked(at, "customerExport", proved(ADA))
        eve = at.by(shopper("eve"))
        assert await at.request(eve, request["id"]) is None
        assert await at.request(eve, "nothing") is None
        for name in ("customerExport", "customerErase"):
            given = {"customerId": me["id"], "idempotencyKey": a_key()}
            foreign = await at.done(eve, name, **given)
            missing = await at.done(eve, name, customerId="nothing", idempotencyKey=a_key())
            assert foreign == missing
            assert foreign["code"] == "CUSTOMER_NOT_FOUND"
        given = {"customerId": me["id"], "idempotencyKey": a_key()}
        assert (await at.done(at.staff, "customerErase", **given))["__typename"] == (
            "PrivacyRequested"
        )


def nothing_is_due(connection: Connection) -> bool:
    due = select(exists().where(orders.c.due_at.is_not(None)))
    return not connection.execute(due).scalar_one()


async def test_an_order_in_progress_is_forgotten_once_it_is_settled(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        me = await settled(at)
        assert me["id"]
        store = at.sandbox.gateway.store

        def due(work: Work, ever: bool = True) -> None:  # noqa: FBT001, FBT002
            at_ = at.clock() + timedelta(days=1) if ever else None
            work.connection.execute(update(orders).values(due_at=at_))

        async def left_alone() -> bool:
            return await store.read(nothing_is_due)

        await until(left_alone)  # or else a worker that has it would say so once it is through
        await store.act(due, now=at.clock())
        request = await asked(at, "customerErase", proved(ADA))
        mine = at.by(proved(ADA))
        waits = await at.until(
            mine, request["id"], lambda one: "ORDERS_OPEN" in str(one["receipts"])
        )
        assert waits["doneAt"] is None
        await store.act(lambda work: due(work, ever=False), now=at.clock())
        at.clock.ahead = timedelta(minutes=5)
        await at.until(mine, request["id"], over)


async def test_what_somebody_was_about_to_order_is_not_ordered_once_they_are_forgotten(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        mine = at.by(proved(ADA))
        create = "mutation { cartCreate(input: {}) { ... on CartChanged { cart { id version } } } }"
        cart = (await mine.data(create))["cartCreate"]["cart"]
        key, seen = CartId(key_of(cart["id"], "Cart")), cart["version"]
        request = await asked(at, "customerErase", proved(ADA))
        await at.until(mine, request["id"], over)
        close = partial(closing.close, cart=key, version=seen, order="T-1")
        with pytest.raises(CartVersionConflict):
            await at.sandbox.gateway.store.act(close, now=at.clock())


async def test_what_was_ordered_as_a_guest_under_their_address_is_forgotten_too(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        await at.ordered(ADA, None, name=f"{CANARY} buyer")
        request = await asked(at, "customerErase", proved(ADA))
        await at.until(at.by(proved(ADA)), request["id"], over)
        assert found_in(at.store.read_bytes(), ADA) == []
        assert systems_name(at, ADA) == []


async def test_what_another_customer_ordered_with_their_address_stays_that_customers(
    tmp_path: Path,
) -> None:
    bob = shopper("bob-himself")
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        his = await at.registered(bob)
        number = await at.ordered(ADA, his["id"], name="A gift of Bob's")

        request = await asked(at, "customerExport", proved(ADA))
        done = await at.until(at.by(proved(ADA)), request["id"], over)
        (own,) = (one["documents"] for one in done["receipts"] if one["source"] == "tessera")
        assert (own["orders"], own["carts"]) == ([], [])

        request = await asked(at, "customerErase", proved(ADA))
        await at.until(at.by(proved(ADA)), request["id"], over)
        bought = await at.bought(at.by(bob))
        assert [edge["node"]["reference"] for edge in bought["edges"]] == [number]
        text = "query Q($n: ID!) { order(number: $n) { state } }"
        assert await at.by(bob).data(text, n=number) == {"order": {"state": "SOURCED"}}

        def named(connection: Connection) -> tuple[str, str]:
            buyer = connection.execute(select(orders.c.buyer)).scalar_one()
            return buyer["name"], connection.execute(select(carts.c.buyer_email)).scalar_one()

        assert await at.sandbox.gateway.store.read(named) == ("A gift of Bob's", ADA.email)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("ada@MÜNCHEN.example", "ada@münchen.example"),
        ("ada@xn--mnchen-3ya.example", "ada@münchen.example"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("\u00c9.x@Example.com", "\u00c9.x@example.com"),
    ],
)
async def test_a_guest_is_forgotten_however_the_address_was_typed(
    tmp_path: Path, typed: str, known: str
) -> None:
    async with house(tmp_path) as at:
        mine = shopper("otherwise", email=known, email_verified=True)
        await at.registered(mine)
        await at.ordered(replace(ADA, email=typed), None, name=f"{CANARY} buyer")
        request = await asked(at, "customerErase", mine)
        await at.until(at.by(mine), request["id"], over)

        def left(connection: Connection) -> list[Any]:
            of_orders = select(orders.c.buyer, orders.c.address, orders.c.compared_email)
            of_carts = select(carts.c.buyer_email, carts.c.buyer_phone, carts.c.compared_email)
            return [tuple(connection.execute(one).one()) for one in (of_orders, of_carts)]

        assert await at.sandbox.gateway.store.read(left) == [(NOBODY, None, None), (None,) * 3]
