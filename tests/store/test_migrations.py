"""Tables come from empty and from the revision before, and are what the code says."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from math import inf
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, String, TextClause, create_engine, text

from app.api import customer_inputs, partner_inputs
from app.appointments import tables as _appointments  # noqa: F401  registers its tables
from app.availability import tables as _stock  # noqa: F401  as above
from app.carts import tables as _carts  # noqa: F401  as above
from app.carts.buyers import LONGEST_EMAIL
from app.customers import tables as _customers  # noqa: F401  as above
from app.loyalty import tables as _points  # noqa: F401  as above
from app.loyalty import tills
from app.loyalty.service import LONGEST_REASON
from app.markets import listing_rows, order_rows
from app.markets import tables as _markets  # noqa: F401  as above
from app.markets.model import LONGEST_NUMBER
from app.orders import tables as _orders  # noqa: F401  as above
from app.partners import tables as _partners  # noqa: F401  as above
from app.pricing import tables as _pricing  # noqa: F401  as above
from app.pricing.redeeming import who
from app.principals import tables as _principals  # noqa: F401  as above
from app.store import sqlite
from app.store.opening import MIGRATIONS, driven, newest, upgrade
from app.store.postgres import postgres_engine
from app.store.tables import metadata
from app.values import LONGEST_CODE
from app.webhooks import tables as _webhooks  # noqa: F401  as above
from tests.postgres import Postgres

T = TypeVar("T")
# Nobody bounds what a system calls a thing, nor how it writes an amount.
WORDS_OF_OTHERS = (
    *("cart_lines.amount", "order_lines.unit_price"),
    *("payments.reference", "payments.reason", "payments.captured", "payments.refunded"),
    *("handings.reference", "loyalty_members.reference"),
    *("loyalty_receipts.total", "loyalty_receipt_cursors.cursor", "market_sources.cursor"),
    *("market_listings.price", "market_listings.wanted_price"),
    *("identities.external", "refused_identities.external", "privacy_receipts.external"),
    *("stock_levels.sku", "hold_lines.sku", "allocations.sku", "order_lines.sku"),
    *("market_listings.sku", "assortment_items.sku", "assortment_left.sku"),
)
LONGEST = {
    "carts.buyer_email": LONGEST_EMAIL,
    "orders.reference": partner_inputs.LONGEST_REFERENCE,
    "market_orders.number": LONGEST_NUMBER,
    "market_parcels.number": LONGEST_NUMBER,
    "market_orders.reason": order_rows.LONGEST_REASON,
    "market_listings.reason": listing_rows.LONGEST_REASON,
    "loyalty_receipts.number": tills.LONGEST,
    "loyalty_receipts.refund_of": tills.LONGEST,
    "loyalty_receipts.card": tills.LONGEST_CARD,
    "loyalty_members.card": tills.LONGEST_CARD,
    "loyalty_transactions.receipt": tills.LONGEST,
    "loyalty_transactions.reason": LONGEST_REASON,
    "customers.given_name": customer_inputs.LONGEST_NAME,
    "customers.family_name": customer_inputs.LONGEST_NAME,
    "customers.locale": customer_inputs.LONGEST_TAG,
    "customer_contacts.value": LONGEST_EMAIL,
    "consents.source": customer_inputs.LONGEST_NAME,
    "consents.wording": customer_inputs.LONGEST_LINE,
}


async def asked(url: str, question: Callable[[Connection], T]) -> T:
    found = driven(url)
    if found.startswith("sqlite"):
        file = create_engine(found)
        with file.connect() as connection:
            answer = question(connection)
        file.dispose()
        return answer
    engine = postgres_engine(found)
    async with engine.connect() as connection:
        answer = await connection.run_sync(question)
    await engine.dispose()
    return answer


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def test_from_empty_the_tables_are_what_the_code_says(empty: str) -> None:
    await upgrade(empty)

    assert await asked(empty, differences) == []
    assert await asked(empty, revision) == newest()


def room(column: str) -> float:
    """How many characters a column has room for."""
    table, name = column.split(".")
    told = metadata.tables[table].c[name].type
    assert isinstance(told, String), column
    return inf if told.length is None else told.length


def test_there_is_room_for_every_code_that_can_be_named() -> None:
    codes = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if column.name in {"sku", "location", "origin", "store"}
    ]

    assert len(codes) > 1
    assert [one for one in codes if room(one) < LONGEST_CODE] == []


def test_there_is_room_for_what_systems_say_in_their_own_words() -> None:
    assert [one for one in WORDS_OF_OTHERS if room(one) < inf] == []


def test_there_is_room_for_the_longest_that_is_taken() -> None:
    assert [one for one, most in LONGEST.items() if room(one) < most] == []


async def test_each_revision_leads_to_the_next(empty: str) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    steps = [one.revision for one in reversed(list(scripts.walk_revisions()))]
    for step in steps:
        await upgrade(empty, step)
        assert await asked(empty, revision) == step

    assert await asked(empty, differences) == []


async def test_upgrading_twice_changes_nothing(empty: str) -> None:
    await upgrade(empty)
    await upgrade(empty)

    assert await asked(empty, revision) == newest()


async def test_upgrades_at_once_go_one_after_another(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = [one.replace("busy_timeout = 5000", "busy_timeout = 60000") for one in sqlite.PRAGMAS]
    monkeypatch.setattr(sqlite, "PRAGMAS", patient)
    await asyncio.gather(*(upgrade(empty) for _ in range(3)))

    assert await asked(empty, revision) == newest()
    assert await asked(empty, differences) == []


async def test_a_migration_takes_its_time_and_waits_for_a_table_as_all_do(
    postgres: Postgres,
) -> None:
    """PostgreSQL writes down under which limits tables are made."""
    address = postgres.database()
    postgres.sql(
        """create table limits (statements text, locks text);
        create function look() returns event_trigger language plpgsql as $$ begin
          insert into public.limits
            select current_setting('statement_timeout'), current_setting('lock_timeout');
        end $$;
        create event trigger look on ddl_command_start execute function look()""",
        database=address.rsplit("/", 1)[-1],
    )
    await upgrade(address)

    def told(connection: Connection) -> list[tuple[str, str]]:
        return [tuple(row) for row in connection.execute(text("SELECT DISTINCT * FROM limits"))]

    assert await asked(address, told) == [("0", "3s")]


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("power")

    monkeypatch.setattr(ScriptDirectory, "_upgrade_revs", fails)
    with pytest.raises(RuntimeError, match="power"):
        await upgrade(empty)
    monkeypatch.undo()

    await upgrade(empty)
    assert await asked(empty, differences) == []


async def test_what_systems_have_already_is_followed_from_now_on(empty: str) -> None:
    """Orders of before are due at once; those that are over, or have not got so far, are not."""
    await upgrade(empty, "0021")
    states = ("PLACED", "SOURCED", "IN_FULFILMENT", "COMPLETED", "CANCELLED")
    rows = [an_old_order(state, state=state) for state in states]
    await changed(empty, [inserted("orders", rows)])
    await upgrade(empty, "0022")

    def due(connection: Connection) -> list[str]:
        asked = text("SELECT number FROM orders WHERE look_at = placed_at ORDER BY number")
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == len(states)
        return list(connection.execute(asked).scalars())

    assert await asked(empty, due) == ["IN_FULFILMENT", "SOURCED"]


async def test_what_was_kept_is_there_when_there_is_more_room(empty: str) -> None:
    await upgrade(empty, "0023")
    paid = """INSERT INTO payments ("order", key, reference, amount, captured, refunded)
      VALUES ('PLACED', 'PLACED', 'R-1', '9.90', '0', '0')"""
    named = "UPDATE orders SET store = 'ST-MIL'"
    await changed(empty, [inserted("orders", [an_old_order("PLACED")]), text(paid), text(named)])
    await upgrade(empty, "0024")
    longer = text("UPDATE payments SET reference = reference || :more")
    await changed(empty, [longer.bindparams(more="1" * 1_000)])

    def kept(connection: Connection) -> list[tuple[str, ...]]:
        told = """SELECT o.store, p.reference, p.amount FROM orders AS o
          JOIN payments AS p ON p."order" = o.number"""
        return [tuple(row) for row in connection.execute(text(told))]

    assert await asked(empty, kept) == [("ST-MIL", f"R-1{'1' * 1_000}", "9.90")]


async def test_addresses_of_before_are_found_by_the_form_that_is_compared(empty: str) -> None:
    """However many there are; what was redeemed under one counts by that form from now on."""
    await upgrade(empty, "0024")
    typed = ["Ada@Example.com", "jose\u0301@MÜNCHEN.example", "JOS\u00c9@x.example", "nobody", ""]
    forms = ["ada@example.com", "josé@xn--mnchen-3ya.example", "josÉ@x.example", None, None]
    many = [f"Guest{place}@Example.com" for place in range(1200)]
    bought = [
        an_old_order(f"T-{place}", buyer=f'{{"email": "{said}"}}')
        for place, said in enumerate(typed)
    ]
    redeemed = [{"order": f"T-{n}", "promotion": "ten", "who": folded(typed[n])} for n in (0, 1)]
    used = [{"promotion": "ten", "who": folded(typed[n]), "used": int(n < 2)} for n in (0, 1, 2)]
    await changed(
        empty,
        [
            inserted("orders", [*bought, an_old_order("T-9")]),
            inserted("carts", [an_old_cart(n, said) for n, said in enumerate([*typed, *many])]),
            inserted("discount_redemptions", redeemed),
            inserted("discount_uses", used),
        ],
    )
    await upgrade(empty)

    def known(connection: Connection) -> list[list[object]]:
        asked = (
            "SELECT compared_email FROM orders ORDER BY number",
            "SELECT compared_email FROM carts ORDER BY id",
            'SELECT who FROM discount_redemptions ORDER BY "order"',
            "SELECT who FROM discount_uses WHERE used = 1",
            "SELECT count(*) FROM discount_uses",
        )
        return [list(connection.execute(text(one)).scalars()) for one in asked]

    of_orders, of_carts, by, counted, rows = await asked(empty, known)
    assert of_orders == [*forms, None]
    assert of_carts == [*forms, *(one.lower() for one in many)]
    assert by == [who(None, typed[0]), who(None, typed[1])]
    assert sorted(map(str, counted)) == sorted(map(str, by))
    assert rows == [2]


async def changed(url: str, statements: list[TextClause]) -> None:
    def change(connection: Connection) -> None:
        for one in statements:
            connection.execute(one)
        connection.commit()

    await asked(url, change)


def folded(address: str) -> str:
    """By what a guest's redemptions were counted before."""
    return f"email:{sha256(address.casefold().encode()).hexdigest()}"


def inserted(table: str, rows: Sequence[Mapping[str, object]]) -> TextClause:
    names = ", ".join(f'"{name}"' for name in rows[0])
    quoted = (", ".join(f"'{value}'" for value in row.values()) for row in rows)
    values = ", ".join(f"({row})" for row in quoted)
    return text(f"INSERT INTO {table} ({names}) VALUES {values}")  # noqa: S608  words of ours


def an_old_cart(number: int, email: str) -> dict[str, str | int]:
    at = "2026-03-02 12:00:00+00:00"
    return {
        "id": f"{number:06}",
        "channel": "WEB",
        "currency": "EUR",
        "status": "OPEN",
        "version": 1,
        "last_line": 0,
        "buyer_email": email,
        "created_at": at,
        "updated_at": at,
        "expires_at": at,
    }


def an_old_order(number: str, **more: str) -> dict[str, str | int]:
    """One of a time before."""
    row: dict[str, str | int] = {
        "number": number,
        "asked": number,
        "digest": "d",
        "access": "a",
        "channel": "WEB",
        "state": "PLACED",
        "placed_at": "2026-03-02 12:00:00+00:00",
        "buyer": "{}",
        "method": "SHIP_TO_HOME",
        "currency": "EUR",
        "delivery": "0",
        "total": "0",
        "fence": 0,
        "attempts": 0,
    }
    return {**row, **more}
