"""The audit log: with the change or not at all, only added to, and whoever tampers is found out."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.store import Actor, Fact, Store, Work, acting
from app.store.auditing import (
    BEFORE_ALL,
    AuditBrokenError,
    Entry,
    entries,
    sealed,
    verified,
    write_entries,
)
from app.store.tables import audit_entries, audit_head, metadata
from app.values import PrincipalKind

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
ADA = Actor(PrincipalKind.STAFF, "ada")
BOB = Actor(PrincipalKind.PARTNER, "bob")


def told(*names: str) -> Any:
    def change(work: Work) -> None:
        for name in names:
            work.tell(Fact(kind="OrderCancelling", entity=name, body={"secret": "Ada Byron"}))

    return change


def written(connection: Connection) -> list[tuple[int, str, str, str, str]]:
    return [
        (one.seq, one.entry.by.kind, one.entry.by.who, one.entry.what, one.entry.entity)
        for one in entries(connection)
    ]


async def test_what_somebody_does_is_written_with_the_facts_it_tells(store: Store) -> None:
    with acting(ADA):
        await store.act(told("1", "2"), now=NOON)
    await store.act(told("3"), now=NOON)  # nobody in particular
    with acting(BOB):
        await store.act(told("4"), now=NOON)

    assert await store.read(written) == [
        (1, "STAFF", "ada", "OrderCancelling", "1"),
        (2, "STAFF", "ada", "OrderCancelling", "2"),
        (3, "PARTNER", "bob", "OrderCancelling", "4"),
    ]
    assert (await store.read(verified))[0] == 3


async def test_what_somebody_reads_is_written_with_its_fields(store: Store) -> None:
    with acting(ADA):
        await store.act(lambda work: work.looked_at("cart", "Cart.buyer"), now=NOON)
    await store.act(lambda work: work.looked_at("cart", "Cart.buyer"), now=NOON)

    [one] = await store.read(lambda db: list(entries(db)))
    assert one.entry == Entry(at=NOON, by=ADA, what="Read", entity="cart", fields="Cart.buyer")


async def test_an_act_that_fails_leaves_no_entry_and_no_gap(store: Store) -> None:
    def fails(work: Work) -> None:
        told("no")(work)
        raise ValueError("no")

    with acting(ADA):
        with pytest.raises(ValueError, match="no"):
            await store.act(fails, now=NOON)
        await store.act(told("yes"), now=NOON)

    assert await store.read(written) == [(1, "STAFF", "ada", "OrderCancelling", "yes")]


async def test_acts_at_once_of_one_queue_are_each_by_whoever_asked(store: Store) -> None:
    async def act(number: int) -> None:
        with acting(ADA if number % 2 else BOB):
            await store.act(told(str(number)), now=NOON, queue="one" if number % 3 else None)

    await asyncio.gather(*(act(number) for number in range(40)))

    found = await store.read(written)
    assert [one[0] for one in found] == list(range(1, 41))
    assert all(one[2] == ("ada" if int(one[4]) % 2 else "bob") for one in found)
    assert (await store.read(verified))[0] == 40


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET who = 'eve'",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE seq = 2",
    ],
)
async def test_the_database_refuses_to_change_entries(store: Store, statement: str) -> None:
    with acting(ADA):
        await store.act(told("1", "2"), now=NOON)

    with pytest.raises(DBAPIError, match="neither changed nor taken away"):
        await store.act(lambda work: work.connection.execute(text(statement)), now=NOON)

    assert len(await store.read(written)) == 2


async def test_nobody_empties_the_log(store: Store, address: str) -> None:
    unknown = address.startswith("sqlite")  # which has no such word
    with pytest.raises(DBAPIError, match="syntax error" if unknown else "neither changed"):
        await store.act(
            lambda work: work.connection.execute(text("TRUNCATE audit_entries")), now=NOON
        )


COLUMNS = {
    "at": NOON + timedelta(microseconds=1),
    "kind": "OPERATOR",
    "who": "eve",
    "what": "Read",
    "entity": "9",
    "fields": "Order.total",
    "seal": "f" * 64,
}
BROKEN = "entry {} is not what was written"


@given(length=st.integers(1, 6), data=st.data())
def test_whatever_is_changed_in_a_log_is_found(length: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, length))
    column = data.draw(st.sampled_from(sorted(COLUMNS)))
    with log_of(length) as connection:
        connection.execute(
            update(audit_entries).where(audit_entries.c.seq == at).values({column: COLUMNS[column]})
        )
        with pytest.raises(AuditBrokenError, match=BROKEN.format(at)):
            verified(connection)


@given(length=st.integers(1, 6), data=st.data())
def test_whatever_is_taken_out_of_a_log_is_found(length: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, length))
    said = f"entry {at} is not there" if at < length else f"entries after {at - 1} are not there"
    with log_of(length) as connection:
        connection.execute(delete(audit_entries).where(audit_entries.c.seq == at))
        with pytest.raises(AuditBrokenError, match=said):
            verified(connection)


def test_who_seals_all_of_it_anew_is_found_by_what_was_noted_elsewhere() -> None:
    with log_of(3) as connection:
        noted = verified(connection)
        rewrite(connection, leaving_out=2)

        assert verified(connection)[0] == 2  # in itself it is whole
        with pytest.raises(AuditBrokenError, match="entry 3 is not there"):
            verified(connection, [noted])

        write_entries(connection, [entry(4)])
        with pytest.raises(AuditBrokenError, match="entry 3 is not what was written"):
            verified(connection, [noted])


def test_a_log_that_grew_still_has_what_was_noted() -> None:
    with log_of(3) as connection:
        noted = verified(connection)
        write_entries(connection, [entry(4), entry(5)])

        assert verified(connection, [noted])[0] == 5


def test_the_first_entry_is_sealed_by_hand() -> None:
    told_ = (
        f'["{BEFORE_ALL}",1,"2026-11-02T12:00:00.000000+00:00","STAFF","ada","OrderPlaced","1",""]'
    )
    assert sealed(BEFORE_ALL, 1, entry(1)) == sha256(told_.encode()).hexdigest()


def entry(number: int) -> Entry:
    return Entry(at=NOON, by=ADA, what="OrderPlaced", entity=str(number))


@contextmanager
def log_of(length: int) -> Iterator[Connection]:
    """A log without triggers, as whoever owns the database can have it."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection, tables=[audit_entries, audit_head])
        connection.execute(insert(audit_head).values(id=1, last=0, seal=BEFORE_ALL))
        write_entries(connection, [entry(number + 1) for number in range(length)])
        yield connection
    engine.dispose()


def rewrite(connection: Connection, *, leaving_out: int) -> None:
    kept = [one.entry for one in entries(connection) if one.seq != leaving_out]
    connection.execute(delete(audit_entries))
    connection.execute(update(audit_head).values(last=0, seal=BEFORE_ALL))
    write_entries(connection, kept)
    assert connection.execute(select(audit_head.c.last)).scalar_one() == len(kept)
