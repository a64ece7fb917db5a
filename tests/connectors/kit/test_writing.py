"""The suites of writes find what breaks their laws."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.errors import UpstreamError, UpstreamRefused
from app.ports import (
    ConnectorPackage,
    OrderKey,
    SoldOrder,
    UpstreamHttp,
    UpstreamOrder,
    Wiring,
    find_connectors,
    read_manifest,
)
from app.upstream.client import ClientPolicy, open_client
from connectors.kit.conformance import WRITE, WRITTEN, Case, Subject, cases_of, try_case
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.connection import ShopConnection
from connectors.sandbox.orders import ShopOrders
from connectors.sandbox.settings import Settings
from connectors.sandbox.specimen import SPECIMENS
from connectors.sandbox.wire import Caller

SHOP = next(one for one in SPECIMENS if one.label == "shop")
MANIFEST = read_manifest(find_connectors(CONNECTORS)["sandbox"])
NUMBERS = count()


class Orders(ShopOrders):
    pass


class NewKeys(Orders):
    """A key of its own for every attempt."""

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        key = OrderKey(f"{order.key}-{next(NUMBERS)}")
        told = await super().hand_over(replace(order, key=key))
        return replace(told, key=order.key)


class SaysItDidNotHappen(Orders):
    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        try:
            return await super().hand_over(order)
        except UpstreamError as error:
            raise UpstreamRefused("no") from error


class InPieces(Orders):
    """A line after the other, so that half an order may be left."""

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        told = [
            await ShopOrders.hand_over(
                self, replace(order, lines=(line,), key=OrderKey(f"{order.key}-{line.sku}"))
            )
            for line in order.lines
        ]
        return replace(told[0], key=order.key)


class CancelsOnlyHere(Orders):
    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        return next(iter((await self.placed([key])).rows), None)


class TellsPeople(Orders):
    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        try:
            return await super().hand_over(order)
        except UpstreamError as error:
            raise type(error)(f"not for {order.buyer.email}") from error


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("shop", url, policy=ClientPolicy(timeout=timedelta(seconds=5)))


def subject(orders: type[ShopOrders]) -> Subject:
    def connect(_settings: Settings, wiring: Wiring) -> ShopConnection:
        connection: Any = ShopConnection(wiring)
        spoiled = orders(wiring, Caller(wiring.http))
        connection.hand_over, connection.cancel = spoiled.hand_over, spoiled.cancel
        return cast("ShopConnection", connection)

    package = SimpleNamespace(Settings=Settings, connect=connect)
    return Subject(manifest=MANIFEST, package=cast("ConnectorPackage", package), specimens=(SHOP,))


async def found(orders: type[ShopOrders], failure: str) -> list[str]:
    case = Case("sandbox", "shop", "OrderSink", failure)
    assert case in cases_of(subject(orders))
    result = await try_case(subject(orders), case, open_http)
    return [f"{finding.rule}: {finding.reason}" for finding in result.findings]


@pytest.mark.parametrize(
    ("orders", "failure", "words"),
    [
        (NewKeys, WRITTEN, "writes-idempotent: an order: the upstream holds"),
        (NewKeys, f"{WRITE}crash", "conformance: hand_over: LookupError"),
        (InPieces, WRITTEN, "writes-idempotent: an order: the upstream holds"),
        (CancelsOnlyHere, WRITTEN, "conformance: cancelled:"),
        (CancelsOnlyHere, f"{WRITE}500", "conformance: cancel: LookupError"),
        (SaysItDidNotHappen, f"{WRITE}500", "errors-ours: hand_over: UpstreamRefused"),
        (SaysItDidNotHappen, f"{WRITE}lost-answer", "errors-ours: hand_over: UpstreamRefused"),
        (TellsPeople, f"{WRITE}cut", "errors-ours: hand_over: UpstreamUnavailable tells"),
    ],
)
async def test_what_breaks_a_law_is_found(
    orders: type[ShopOrders], failure: str, words: str
) -> None:
    assert any(reason.startswith(words) for reason in await found(orders, failure))


@pytest.mark.parametrize("failure", [WRITTEN, f"{WRITE}lost-answer", f"{WRITE}crash"])
async def test_what_keeps_the_laws_passes(failure: str) -> None:
    assert await found(Orders, failure) == []
