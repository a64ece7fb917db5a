"""What does the desk answer, that the gateway asks over HTTP about the files of one partner?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.filedrop.collecting import Collector
from connectors.filedrop.documents import Answers, OrderDocument
from connectors.filedrop.drop import Drop, DropError, ShutOutError
from connectors.filedrop.folder import Folder
from connectors.filedrop.news import Told as Known
from connectors.filedrop.records import RefusedError
from connectors.filedrop.selling_desk import CursorError, Handler, SellingDesk
from connectors.filedrop.sending import Sender, Told
from connectors.filedrop.settings import Settings

log = structlog.get_logger()
BAD_REQUEST, UNAUTHORIZED, CONFLICT, UNPROCESSABLE, UNAVAILABLE = 400, 401, 409, 422, 503
NO_LIST = "no stock list has come yet"
UNREADABLE = "the question cannot be read"


class NothingYetError(Exception):
    """There is nothing to answer from."""


FAILURES: Mapping[type[Exception], int] = {  # of several that fit the first one counts
    CursorError: BAD_REQUEST,
    ShutOutError: UNAUTHORIZED,
    RefusedError: CONFLICT,
    msgspec.MsgspecError: UNPROCESSABLE,
    NothingYetError: UNAVAILABLE,
    DropError: UNAVAILABLE,
}


class Keys(msgspec.Struct):
    """What is asked for."""

    skus: list[str] = []
    places: list[str] = []
    keys: list[str] = []


class Desk:
    """Files of one partner, behind a few questions."""

    def __init__(
        self,
        settings: Settings,
        drop: Drop | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._now = now
        self.drop = drop if drop is not None else drop_of(settings)
        self.collector = Collector(self.drop, settings, now, self._answered)
        self.sender: Sender | None = None
        if settings.orders is not None:
            look = self.collector.look
            self.sender = Sender(self.drop, settings, settings.orders, now, look)
        self.selling = SellingDesk(self.drop, settings, now, self.collector)

    async def looking(self) -> None:
        """Look into the inbox for ever; what goes wrong is told to whoever asks."""
        while True:
            try:
                await self.collector.look()
                await self.selling.round()
            except DropError as error:
                log.warning("filedrop.not_looked", reason=str(error))
            except Exception as bug:  # noqa: BLE001  the next look must be made all the same
                log.error("filedrop.bug", kind=type(bug).__name__)  # noqa: TRY400  its text may hold what a file says
            await asyncio.sleep(self._settings.every.total_seconds())

    def routes(self, prefix: str = "") -> list[BaseRoute]:
        """What it answers to."""
        return [
            Route(f"{prefix}/stock", _answering(self.stock), methods=["POST"]),
            Route(f"{prefix}/placed", _answering(self.placed), methods=["POST"]),
            Route(f"{prefix}/orders/{{key}}", _answering(self.hand_over), methods=["PUT"]),
            Route(f"{prefix}/orders/{{key}}/cancel", _answering(self.cancel), methods=["POST"]),
            *(
                Route(f"{prefix}{path}", _answering(handler), methods=[method])
                for (method, path), handler in self.selling.handlers().items()
            ),
        ]

    async def stock(self, request: Request) -> Mapping[str, Any]:
        """The levels that are known, and what could not be read of the newest files."""
        asked = msgspec.json.decode(await request.body(), type=Keys)
        await self.collector.up_to_date()
        news, collector = self.collector.news, self.collector
        if news.as_of is None:
            raise NothingYetError(NO_LIST)
        mistakes = [(one.about or f"line {one.line}", str(one)) for one in collector.mistakes]
        rejected = [*mistakes, *collector.refused.items()]
        return {
            "as_of": news.as_of.isoformat(),
            "levels": [_level(told) for told in news.levels(asked.skus, asked.places)],
            "rejected": [{"reference": one, "reason": reason} for one, reason in rejected],
        }

    async def placed(self, request: Request) -> Mapping[str, Any]:
        """Orders of which the partner said something."""
        asked = msgspec.json.decode(await request.body(), type=Keys)
        await self.collector.up_to_date()
        found = await self._sender().placed(asked.keys)
        return {"as_of": self._now().isoformat(), "orders": [_order(told) for told in found]}

    async def hand_over(self, request: Request) -> Mapping[str, Any]:
        """The order, once it is out: `state` is null while nobody knows more."""
        document = msgspec.json.decode(await request.body(), type=OrderDocument)
        if document.number != request.path_params["key"]:
            raise RefusedError("the document is of another order")
        return {"order": _order(await self._sender().hand_over(document))}

    async def cancel(self, request: Request) -> Mapping[str, Any]:
        """The order, once its end is asked for; null where there is none."""
        told = await self._sender().cancel(request.path_params["key"])
        return {"order": None if told is None else _order(told)}

    async def close(self) -> None:
        """Let go of the drop."""
        with suppress(DropError):
            await self.drop.close()

    async def _answered(self, found: Answers) -> None:
        await self._sender().answered(found)

    def _sender(self) -> Sender:
        if self.sender is None:
            raise RefusedError("orders are not set up")
        return self.sender


def drop_of(settings: Settings) -> Drop:
    """The drop that the settings name."""
    if settings.sftp is not None:
        from connectors.filedrop.sftp import Server  # noqa: PLC0415  a large library

        return Server(settings.sftp, settings)
    return Folder(settings.folder or "")


def app(desks: Mapping[str, Desk]) -> Starlette:
    """The desks, each under a prefix of its own."""
    return Starlette(
        routes=[route for prefix, desk in desks.items() for route in desk.routes(prefix)]
    )


def _answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request))
        except tuple(FAILURES) as error:
            kinds = (kind for kind in FAILURES if isinstance(error, kind))
            status = FAILURES[next(kinds)]
            if status == CONFLICT:
                log.warning("filedrop.refused", reason=str(error))
            reason = UNREADABLE if status == UNPROCESSABLE else str(error)
            return JSONResponse({"error": reason}, status_code=status)

    return answer


def _level(told: Known) -> Mapping[str, Any]:
    level = told.level
    as_of = level.as_of or told.version.as_of
    return {**level._asdict(), "as_of": as_of.isoformat()}


def _order(told: Told) -> Mapping[str, Any]:
    found = asdict(told)
    return {"key": found["key"], "state": found["fate"], "reference": found["reference"]}
