"""The tiny connector, spoiled in one way each."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
from msgspec import structs

from app.errors import UpstreamError, UpstreamThrottled, UpstreamUnavailable
from app.ports import Answer, StockLevel
from app.values import LocationCode, Sku
from connectors.kit.rows import json_body, list_at
from tests.connectors.kit.tiny import TinyConnection

NORTH = LocationCode("MXP-1")


class LetsErrorsOut(TinyConnection):
    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        request = self.request(token, skus)
        response = await self.wiring.http.send(request)
        rows = list_at(json_body(response), "rows")
        return Answer(rows=tuple(self.level(row) for row in rows), as_of=response.date)


class IgnoresRetryAfter(TinyConnection):
    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        try:
            return await super().fetch(token, skus)
        except UpstreamThrottled as error:
            raise UpstreamThrottled("busy", retry_after=timedelta(seconds=1)) from error


class MakesUpZeros(TinyConnection):
    def merged(
        self, answers: list[Answer[StockLevel]], skus: set[Sku], locations: set[LocationCode]
    ) -> Answer[StockLevel]:
        merged = super().merged(answers, skus, locations)
        known = {level.sku for level in merged.rows}
        zeros = (
            StockLevel(sku=sku, location=NORTH, on_hand=0, as_of=merged.as_of)
            for sku in sorted(skus - known)
        )
        return replace(merged, rows=(*merged.rows, *zeros))


class AddsRepeatedRows(TinyConnection):
    def merged(
        self, answers: list[Answer[StockLevel]], skus: set[Sku], locations: set[LocationCode]
    ) -> Answer[StockLevel]:
        levels: dict[Sku, StockLevel] = {}
        for level in (row for one in answers for row in one.rows):
            before = levels[level.sku].on_hand if level.sku in levels else 0
            levels[level.sku] = structs.replace(level, on_hand=before + level.on_hand)
        merged = super().merged(answers, skus, locations)
        return replace(merged, rows=tuple(levels.values()))


class RepeatsRows(TinyConnection):
    def merged(
        self, answers: list[Answer[StockLevel]], skus: set[Sku], locations: set[LocationCode]
    ) -> Answer[StockLevel]:
        merged = super().merged(answers, skus, locations)
        return replace(merged, rows=tuple(row for one in answers for row in one.rows))


class AsksOneByOne(TinyConnection):
    per_call = 1


class SwallowsErrors(TinyConnection):
    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        try:
            return await super().stock_levels(skus, locations)
        except UpstreamError:
            return Answer(rows=(), as_of=self.wiring.now())


class NeverForgives(TinyConnection):
    gave_up = False

    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        if self.gave_up:
            raise UpstreamUnavailable("it failed once")
        try:
            return await super().fetch(token, skus)
        except UpstreamError:
            self.gave_up = True
            raise


class ForgetsOffsets(TinyConnection):
    def level(self, row: Any) -> StockLevel:
        level = super().level(row)
        return structs.replace(level, as_of=level.as_of.replace(tzinfo=None))


class TellsTheAddress(TinyConnection):
    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        try:
            return await super().fetch(token, skus)
        except UpstreamUnavailable as error:
            raise UpstreamUnavailable(f"{self.settings.url} is down") from error


class TellsTheVendorsText(TinyConnection):
    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        try:
            return await super().fetch(token, skus)
        except UpstreamError as error:
            raise type(error)(error.body.decode()) from error


class AsksUntilSomethingComes(TinyConnection):
    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        while not (found := await super().fetch(token, skus)).rows:
            pass
        return found


class TakesNoUnknownShape(TinyConnection):
    """Reads a missing list as an empty one."""

    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        response = await self.wiring.http.send(self.request(token, skus))
        document = json_body(response)
        rows = document.get("rows", []) if isinstance(document, dict) else []
        return self.read(rows, response.date)


class OpensItsOwnClient(TinyConnection):
    async def fetch(self, token: str, skus: list[Sku]) -> Answer[StockLevel]:
        async with aiohttp.ClientSession() as session:
            query = [("item", str(sku)) for sku in skus]
            headers = {"authorization": f"Bearer {token}"}
            url = f"{self.settings.url}/stock"
            async with session.get(url, params=query, headers=headers) as response:
                rows = (await response.json())["rows"]
        return self.read(rows, self.wiring.now())


class AnswersFromMemory(TinyConnection):
    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        now = self.wiring.now()
        rows = (
            StockLevel(sku=sku, location=code, on_hand=1, as_of=now)
            for sku in dict.fromkeys(skus)
            for code in locations
        )
        return Answer(rows=tuple(rows), as_of=now)
