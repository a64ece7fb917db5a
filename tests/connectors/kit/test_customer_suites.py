"""The suites of customers find what breaks their laws."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.errors import UpstreamError, UpstreamRefused
from app.ports import (
    Answer,
    ConnectorPackage,
    Contact,
    CustomerKey,
    Erasure,
    Purchase,
    UpstreamCustomer,
    UpstreamHttp,
    Wiring,
    find_connectors,
    read_manifest,
)
from app.upstream.client import ClientPolicy, open_client
from connectors.kit.conformance import (
    BATCHED,
    HEALTHY,
    WRITE,
    WRITTEN,
    Case,
    Subject,
    cases_of,
    try_case,
)
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.connection import ShopConnection
from connectors.sandbox.customers import ShopCustomers
from connectors.sandbox.settings import Settings
from connectors.sandbox.specimen import SPECIMENS
from connectors.sandbox.wire import Caller

SHOP = next(one for one in SPECIMENS if one.label == "shop")
MANIFEST = read_manifest(find_connectors(CONNECTORS)["sandbox"])
EVER = datetime(2100, 1, 1, tzinfo=UTC)


class Customers(ShopCustomers):
    pass


class ForgetsNobody(Customers):
    async def erase(self, key: CustomerKey) -> Erasure:
        await self.customers([key])
        return Erasure(key=key)


class SaysItDidNotHappen(Customers):
    async def erase(self, key: CustomerKey) -> Erasure:
        try:
            return await super().erase(key)
        except UpstreamError as error:
            raise UpstreamRefused("no") from error


class TellsPeople(Customers):
    async def erase(self, key: CustomerKey) -> Erasure:
        (one,) = (await self.customers([key])).rows or (None,)
        try:
            return await super().erase(key)
        except UpstreamError as error:
            name = one.contacts[0].contact.value if one is not None else ""
            raise type(error)(f"not {name}") from error


class FindsEverybody(Customers):
    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        found = await super().find(contacts)
        rows = tuple(replace(row, contacts=()) for row in found.rows)
        return replace(found, rows=rows)


class OneByOne(Customers):
    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        answers = [await super(OneByOne, self).customers([key]) for key in set(keys)]
        if not answers:
            return await super().customers([])
        rows = tuple(row for answer in answers for row in answer.rows)
        return replace(answers[0], rows=rows)


class EarliestFirst(Customers):
    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        found = await super().purchases(keys, until=until, most=most)
        return replace(found, rows=tuple(reversed(found.rows)))


class WheneverItWas(Customers):
    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        return await super().purchases(keys, until=max(until, EVER), most=most)


class AsManyAsThereAre(Customers):
    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        return await super().purchases(keys, until=until, most=max(most, 50))


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("shop", url, policy=ClientPolicy(timeout=timedelta(seconds=5)))


def subject(customers: type[ShopCustomers]) -> Subject:
    def connect(_settings: Settings, wiring: Wiring) -> ShopConnection:
        connection: Any = ShopConnection(wiring)
        spoiled = customers(wiring, Caller(wiring.http))
        for name in ("find", "customers", "export", "erase", "purchases"):
            setattr(connection, name, getattr(spoiled, name))
        return cast("ShopConnection", connection)

    package = SimpleNamespace(Settings=Settings, connect=connect)
    return Subject(manifest=MANIFEST, package=cast("ConnectorPackage", package), specimens=(SHOP,))


async def found(customers: type[ShopCustomers], port: str, failure: str) -> list[str]:
    case = Case("sandbox", "shop", port, failure)
    assert case in cases_of(subject(customers))
    result = await try_case(subject(customers), case, open_http)
    return [f"{finding.rule}: {finding.reason}" for finding in result.findings]


DIRECTORY, HISTORY = "CustomerDirectory", "PurchaseHistory"


@pytest.mark.parametrize(
    ("customers", "port", "failure", "words"),
    [
        (ForgetsNobody, DIRECTORY, WRITTEN, "writes-idempotent: erased: the upstream names"),
        (ForgetsNobody, DIRECTORY, f"{WRITE}500", "conformance: erase: LookupError"),
        (SaysItDidNotHappen, DIRECTORY, f"{WRITE}lost-answer", "errors-ours: erase: Upstream"),
        (TellsPeople, DIRECTORY, f"{WRITE}cut", "errors-ours: erase: UpstreamUnavailable tells"),
        (FindsEverybody, DIRECTORY, HEALTHY, "conformance: find: 'C-"),
        (OneByOne, DIRECTORY, BATCHED, "batched: customers: "),
        (EarliestFirst, HISTORY, HEALTHY, "conformance: purchases: 'SO-"),
        (WheneverItWas, HISTORY, HEALTHY, "conformance: the purchases before the last: ('later"),
        (AsManyAsThereAre, HISTORY, HEALTHY, "conformance: the purchases before the last: "),
    ],
)
async def test_what_breaks_a_law_is_found(
    customers: type[ShopCustomers], port: str, failure: str, words: str
) -> None:
    reasons = await found(customers, port, failure)
    assert any(reason.startswith(words) for reason in reasons), reasons


@pytest.mark.parametrize(
    ("port", "failure"),
    [(DIRECTORY, WRITTEN), (DIRECTORY, f"{WRITE}lost-answer"), (HISTORY, HEALTHY)],
)
async def test_what_keeps_the_laws_passes(port: str, failure: str) -> None:
    assert await found(Customers, port, failure) == []
