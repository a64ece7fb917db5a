"""The suites of points and receipts find what breaks their laws."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import cast

import pytest

from app.errors import InvalidInputError, UpstreamError, UpstreamRefused
from app.ports import (
    ConnectorPackage,
    Earning,
    MemberReference,
    PointsEntry,
    PointsKey,
    PointsPage,
    Receipt,
    ReceiptPage,
    RedeemedPoints,
    Redemption,
    RedemptionState,
    UpstreamHttp,
    Wiring,
    find_connectors,
    read_manifest,
)
from app.upstream.client import ClientPolicy, open_client
from app.values import Money
from connectors.kit.conformance import HEALTHY, WRITE, WRITTEN, Case, Subject, cases_of, try_case
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.connection import TillsConnection
from connectors.sandbox.settings import Settings
from connectors.sandbox.specimen import SPECIMENS

TILLS = next(one for one in SPECIMENS if one.label == "tills")
MANIFEST = read_manifest(find_connectors(CONNECTORS)["sandbox"])
NUMBERS = count()


class NewKeys(TillsConnection):
    """A key of its own for every attempt."""

    async def earn_points(self, earning: Earning) -> PointsEntry:
        key = PointsKey(f"{earning.key}-{next(NUMBERS)}")
        return await super().earn_points(replace(earning, key=key))


class HoldsNothing(TillsConnection):
    """Says so, and asks nobody."""

    async def hold_points(self, redemption: Redemption) -> RedeemedPoints:
        return RedeemedPoints(
            key=redemption.key,
            reference="E-1",
            state=RedemptionState.HELD,
            points=redemption.points,
        )


class ForgetsReleases(TillsConnection):
    """What was released may be captured."""

    async def capture_points(self, redemption: Redemption) -> RedeemedPoints:
        try:
            return await super().capture_points(redemption)
        except UpstreamRefused:
            again = replace(redemption, key=PointsKey(f"{redemption.key}-again"))
            return replace(await super().capture_points(again), key=redemption.key)


class SaysItDidNotHappen(TillsConnection):
    async def earn_points(self, earning: Earning) -> PointsEntry:
        try:
            return await super().earn_points(earning)
        except UpstreamError as error:
            raise UpstreamRefused("no") from error


class TellsTheOldestFirst(TillsConnection):
    async def points_history(
        self, member: MemberReference, *, first: int, after: str | None = None
    ) -> PointsPage:
        page = await super().points_history(member, first=first, after=after)
        return replace(page, entries=page.entries[::-1])


class StaysOnThePage(TillsConnection):
    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        page = await super().receipts(after, first=first)
        return replace(page, cursor=after or "0")


class StartsOver(TillsConnection):
    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        try:
            return await super().receipts(after, first=first)
        except InvalidInputError:
            return await super().receipts(None, first=first)


class AsksAnyway(TillsConnection):
    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        if after is not None and not after.isdecimal():
            try:
                await self._call.post("receipts", "rpc/receipts.list", {"after": after, "limit": 1})
            except UpstreamRefused as error:
                raise InvalidInputError("no cursor of the tills", argument="after") from error
        return await super().receipts(after, first=first)


class PaysBelowZero(TillsConnection):
    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        page = await super().receipts(after, first=first)
        return replace(page, receipts=tuple(map(negative, page.receipts)))


def negative(receipt: Receipt) -> Receipt:
    """Of a refund, as some tills have it."""
    if receipt.refund_of is None:
        return receipt
    return replace(receipt, total=Money(-receipt.total.amount, receipt.total.currency))


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("tills", url, policy=ClientPolicy(timeout=timedelta(seconds=5)))


def subject(connection: type[TillsConnection]) -> Subject:
    def connect(_settings: Settings, wiring: Wiring) -> TillsConnection:
        return connection(wiring)

    package = SimpleNamespace(Settings=Settings, connect=connect)
    return Subject(manifest=MANIFEST, package=cast("ConnectorPackage", package), specimens=(TILLS,))


async def found(connection: type[TillsConnection], port: str, failure: str) -> list[str]:
    case = Case("sandbox", "tills", port, failure)
    assert case in cases_of(subject(connection))
    result = await try_case(subject(connection), case, open_http)
    return [f"{finding.rule}: {finding.reason}" for finding in result.findings]


@pytest.mark.parametrize(
    ("connection", "port", "failure", "words"),
    [
        (NewKeys, "LoyaltyProgram", WRITTEN, "conformance: earned again"),
        (NewKeys, "LoyaltyProgram", f"{WRITE}lost-answer", "writes-idempotent: earn_points"),
        (HoldsNothing, "LoyaltyProgram", WRITTEN, "writes-idempotent: held"),
        (ForgetsReleases, "LoyaltyProgram", WRITTEN, "conformance: captured after release"),
        (SaysItDidNotHappen, "LoyaltyProgram", f"{WRITE}500", "errors-ours: earn_points"),
        (TellsTheOldestFirst, "LoyaltyProgram", WRITTEN, "conformance: the latest entry"),
        (StaysOnThePage, "ReceiptSource", HEALTHY, "conformance: receipts, in pages of 2"),
        (StartsOver, "ReceiptSource", HEALTHY, "errors-ours: receipts, with a foreign cursor"),
        (
            AsksAnyway,
            "ReceiptSource",
            HEALTHY,
            "errors-ours: receipts, with a foreign cursor: the upstream was asked about it",
        ),
        (PaysBelowZero, "ReceiptSource", HEALTHY, "conformance: receipts: 'B-"),
    ],
)
async def test_what_breaks_a_law_is_found(
    connection: type[TillsConnection], port: str, failure: str, words: str
) -> None:
    reasons = await found(connection, port, failure)

    assert any(reason.startswith(words) for reason in reasons), reasons


@pytest.mark.parametrize("port", ["LoyaltyProgram", "ReceiptSource"])
async def test_what_keeps_the_laws_passes(port: str) -> None:
    assert await found(TillsConnection, port, HEALTHY) == []
