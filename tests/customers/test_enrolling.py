"""Who signs in is one person, however often and from wherever they ask for the first time."""

import asyncio

import pytest
from sqlalchemy import Connection, func, select

from app.customers.service import CustomerService
from app.customers.tables import customers, identities
from app.principals.model import GUEST, Principal
from app.store import Store
from app.store.tables import facts
from app.values import PrincipalKind
from tests.builders import NOON
from tests.gateways import Asker, Retailer, gateway_over
from tests.staff import ISSUER, as_

ADA = Principal(PrincipalKind.CUSTOMER, "https://id.example.com", "zz-canary-ada")
BOB = Principal(PrincipalKind.CUSTOMER, "https://id.example.com", "zz-canary-bob")


async def test_a_shopper_is_nobody_until_they_are_needed(store: Store) -> None:
    service = CustomerService(store)
    assert await service.of(ADA) is None
    known = await service.enrolled(ADA, now=NOON)
    assert known is not None
    assert await service.of(ADA) == known
    assert await service.enrolled(ADA, now=NOON) == known
    assert await service.enrolled(BOB, now=NOON) not in {None, known}


@pytest.mark.parametrize(
    "principal",
    [GUEST, *(Principal(kind, "i", "s") for kind in PrincipalKind if kind != "CUSTOMER")],
)
async def test_only_shoppers_are_customers(store: Store, principal: Principal) -> None:
    service = CustomerService(store)
    assert await service.enrolled(principal, now=NOON) is None
    assert await service.of(principal) is None


async def test_who_is_needed_everywhere_at_once_is_one_person(store: Store) -> None:
    service = CustomerService(store)
    known = await asyncio.gather(*(service.enrolled(ADA, now=NOON) for _ in range(20)))
    assert len(set(known)) == 1

    def counted(connection: Connection) -> list[int]:
        tables = (customers, identities, facts)
        return [connection.scalar(select(func.count()).select_from(one)) or 0 for one in tables]

    assert await store.read(counted) == [1, 1, 1]


async def test_nothing_that_names_them_is_written_of_a_sign_in(store: Store) -> None:
    await CustomerService(store).enrolled(ADA, now=NOON)

    def written(connection: Connection) -> str:
        tables = (customers, identities, facts)
        return repr([list(connection.execute(select(one))) for one in tables])

    assert "zz-canary" not in await store.read(written)


async def test_me_is_oneself_and_nobody_else(store: Store) -> None:
    query = "{ me { id version givenName contacts { value } } }"
    async with gateway_over({"shop": Retailer()}, kept_in=store) as ask:
        ada = Asker(ask.http, as_(PrincipalKind.CUSTOMER, "ada"))
        assert await ada.data(query) == {"me": None}
        service, who = CustomerService(store), ISSUER.access().issuers
        issuer = next(one for one in who.values() if one.kind is PrincipalKind.CUSTOMER)
        principal = Principal(PrincipalKind.CUSTOMER, issuer.issuer, "ada")
        await service.enrolled(principal, now=NOON)
        (me,) = (await ada.data(query)).values()
        assert me["version"] == 1
        assert me["contacts"] == []
        bob = Asker(ask.http, as_(PrincipalKind.CUSTOMER, "bob"))
        assert await bob.data(query) == {"me": None}
        refused = await ask.post(query)
        assert refused.status_code == 401
        assert await ask.data("{ me { __typename } }") == {"me": None}
