"""The suites of marketplaces find what breaks their laws."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.errors import InvalidInputError, UpstreamError, UpstreamRefused
from app.ports import (
    Acknowledgement,
    Answer,
    ConnectorPackage,
    Listing,
    MarketOrderPage,
    MarketReceipt,
    MarketWriteKey,
    Offer,
    Parcel,
    PublicationKey,
    PublishedOffer,
    UpstreamHttp,
    Wiring,
)
from app.upstream.client import ClientPolicy, open_client
from app.values import Sku
from connectors.amazon import Settings
from connectors.amazon.connection import AmazonConnection
from connectors.kit.conformance import Case, Subject, cases_of, try_case
from tests.connectors.amazon.test_contract import SUBJECT

NUMBERS = count()
ORDERS, LISTINGS = "OrderSource", "ListingSink"


class Spoiled:
    """A connection in which one thing is wrong. `good` is the one it is made of."""

    def __init__(self, good: Any) -> None:
        self.good = good

    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        page: MarketOrderPage = await self.good.orders(after, first=first)
        return page

    async def numbered(self, numbers: Collection[Any]) -> Answer[Any]:
        found: Answer[Any] = await self.good.numbered(numbers)
        return found

    async def acknowledge(self, acknowledgement: Acknowledgement) -> MarketReceipt:
        receipt: MarketReceipt = await self.good.acknowledge(acknowledgement)
        return receipt

    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        receipt: MarketReceipt = await self.good.confirm_shipment(parcel)
        return receipt

    async def publish(
        self, offers: Collection[Offer], *, key: PublicationKey
    ) -> Answer[PublishedOffer]:
        answer: Answer[PublishedOffer] = await self.good.publish(offers, key=key)
        return answer

    async def listings(self, skus: Collection[Sku]) -> Answer[Listing]:
        answer: Answer[Listing] = await self.good.listings(skus)
        return answer


class NewNames(Spoiled):
    """A name of its own for every attempt."""

    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        key = MarketWriteKey(f"{parcel.key}-{next(NUMBERS)}")
        await super().confirm_shipment(replace(parcel, key=key))
        return MarketReceipt(key=parcel.key, order=parcel.order)


class SaysItDidNotHappen(Spoiled):
    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        try:
            return await super().confirm_shipment(parcel)
        except UpstreamError as error:
            raise UpstreamRefused("no") from error


class SaysNothing(Spoiled):
    async def acknowledge(self, acknowledgement: Acknowledgement) -> MarketReceipt:
        return MarketReceipt(key=acknowledgement.key, order=acknowledgement.order)


class LosesTheLast(Spoiled):
    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        page = await super().orders(after, first=first)
        return replace(page, orders=page.orders[: first - 1])


class GivesMore(Spoiled):
    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        return await super().orders(after, first=first + 1)


class TakesAnyCursor(Spoiled):
    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        try:
            return await super().orders(after, first=first)
        except InvalidInputError:
            return await super().orders(None, first=first)


class NeverEnds(Spoiled):
    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        return replace(await super().orders(after, first=first), more=True)


class KeepsQuiet(Spoiled):
    """Of offers that were not accepted."""

    async def publish(
        self, offers: Collection[Offer], *, key: PublicationKey
    ) -> Answer[PublishedOffer]:
        answer = await super().publish(offers, key=key)
        return replace(answer, rows=tuple(row for row in answer.rows if row.reference))


class ForgetsPrices(Spoiled):
    async def publish(
        self, offers: Collection[Offer], *, key: PublicationKey
    ) -> Answer[PublishedOffer]:
        return await super().publish([replace(one, price=None) for one in offers], key=key)


def subject(spoil: Callable[[Any], Any]) -> Subject:
    def connect(settings: Settings, wiring: Wiring) -> Any:
        return spoil(AmazonConnection(settings, wiring))

    package = SimpleNamespace(Settings=Settings, connect=connect)
    return replace(SUBJECT, package=cast("ConnectorPackage", package))


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("amazon", url, policy=ClientPolicy(timeout=timedelta(seconds=5)))


async def found(spoil: Callable[[Any], Any], port: str, failure: str) -> list[str]:
    case = Case("amazon", "seller", port, failure)
    assert case in cases_of(SUBJECT)
    result = await try_case(subject(spoil), case, open_http)
    return [f"{finding.rule}: {finding.reason}" for finding in result.findings]


@pytest.mark.parametrize(
    ("spoil", "port", "failure", "words"),
    [
        (NewNames, ORDERS, "written", "writes-idempotent: shipped again"),
        (NewNames, ORDERS, "write crash", "writes-idempotent: confirm_shipment"),
        (SaysItDidNotHappen, ORDERS, "write 500", "errors-ours: confirm_shipment"),
        (SaysItDidNotHappen, ORDERS, "write lost-answer", "errors-ours: confirm_shipment"),
        (SaysNothing, ORDERS, "written", "writes-idempotent: acknowledged again"),
        (SaysNothing, ORDERS, "written", "conformance: an order nobody knows"),
        (LosesTheLast, ORDERS, "healthy", "conformance: orders, in pages of 2"),
        (GivesMore, ORDERS, "healthy", "conformance: orders: 3 came, 2 were asked for"),
        (TakesAnyCursor, ORDERS, "healthy", "errors-ours: orders, with a foreign cursor"),
        (NeverEnds, ORDERS, "healthy", "conformance: orders, from the last cursor on"),
        (KeepsQuiet, LISTINGS, "written", "conformance: published"),
        (ForgetsPrices, LISTINGS, "written", "writes-idempotent: published"),
        (ForgetsPrices, LISTINGS, "write crash", "conformance: publish: LookupError"),
    ],
)
async def test_what_breaks_a_law_is_found(
    spoil: Callable[[Any], Any], port: str, failure: str, words: str
) -> None:
    reasons = await found(spoil, port, failure)

    assert [reason for reason in reasons if reason.startswith(words)]


@pytest.mark.parametrize("port", [ORDERS, LISTINGS])
@pytest.mark.parametrize("failure", ["healthy", "written"])
async def test_a_sound_connection_breaks_none(port: str, failure: str) -> None:
    assert await found(Spoiled, port, failure) == []
