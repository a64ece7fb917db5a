"""How is Tryton spoken to? JSON-RPC with a session that it forgets after a few idle minutes."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import UpstreamHttp, WireRequest, WireResponse
from connectors.kit.rows import json_body, list_at
from connectors.kit.session import Session
from connectors.tryton.settings import Settings

T = TypeVar("T")
FORBIDDEN = 403
NO_PREFERENCE = "locale"  # how the user likes numbers written; of no use to a machine
SAID_NO: Mapping[str, type[UpstreamError]] = {
    "ConcurrencyException": UpstreamUnavailable,
    "LoginException": UpstreamUnauthorized,
    "UserError": UpstreamRefused,
    "UserWarning": UpstreamRefused,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a method returned, and Tryton's clock when it did."""

    result: Any
    date: datetime

    def rows(self) -> list[Any]:
        """The records of a search, each once: a search that joins may name a record twice."""
        once: dict[object, Any] = {}
        for number, row in enumerate(list_at(self.result)):
            identity = row.get("id") if isinstance(row, dict) else None
            once.setdefault(identity if type(identity) is int else ("row", number), row)
        return list(once.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A question to one model: which records, which of their fields, in which order."""

    model: str
    fields: Sequence[str]
    domain: Sequence[Any] = ()
    limit: int | None = None
    order: Sequence[Sequence[str]] = (("id", "ASC"),)

    @property
    def parameters(self) -> list[Any]:
        """In the order in which `search_read` takes them."""
        return [self.domain, 0, self.limit, self.order, self.fields]


class Rpc:
    """One user of one database."""

    def __init__(
        self, http: UpstreamHttp, settings: Settings, *, now: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._settings = settings
        self._path = f"{quote(settings.database, safe='')}/rpc/"
        self._preferences: Mapping[str, Any] = {}
        self._session = Session(self._log_in, now=now)

    async def search(self, operation: str, search: Search, **context: Any) -> Reply:
        """The records that a search finds, under `result`."""
        return await self.call(
            operation, f"model.{search.model}.search_read", *search.parameters, **context
        )

    async def company(self) -> int:
        """The id of the company the user works for."""
        if not self._preferences:
            await self._session.call(_nothing)
        return int(self._preferences["company"])

    async def language(self) -> str:
        """The language of the user, else the one in which Tryton itself is written."""
        if not self._preferences:
            await self._session.call(_nothing)
        return str(self._preferences.get("language") or "en")

    async def call(self, operation: str, method: str, *parameters: Any, **context: Any) -> Reply:
        """What a method that only reads returns; `context` is added to the user's own."""
        return await self._called(operation, method, parameters, context, safe=True)

    async def change(self, operation: str, method: str, *parameters: Any) -> Reply:
        """What a method returns that changes something; it is never repeated on the way."""
        return await self._called(operation, method, parameters, {}, safe=False)

    async def _called(
        self,
        operation: str,
        method: str,
        parameters: Sequence[Any],
        context: Mapping[str, Any],
        *,
        safe: bool,
    ) -> Reply:
        async def send(token: str) -> Reply | UpstreamUnauthorized:
            try:
                full = {**self._preferences, **context}
                told = [*parameters, full]
                return await self._post(operation, method, told, token, safe=safe)
            except UpstreamUnauthorized as error:
                if error.status != FORBIDDEN:
                    raise
                return error  # this user may not: logging in again would not change that

        reply = await self._session.call(send)
        if isinstance(reply, UpstreamUnauthorized):
            raise reply
        return reply

    async def _log_in(self) -> str:
        settings = self._settings
        secret = {"password": settings.password.get_secret_value()}
        parameters = [settings.username, secret, "en"]
        reply = await self._post("login", "common.db.login", parameters)
        match reply.result:
            case [int(user), str(key), *_]:
                identity = f"{settings.username}:{user}:{key}"
            case _:
                raise UpstreamBroken("the login answered without a session")
        token = base64.b64encode(identity.encode()).decode()
        self._preferences = await self._preferred(token)
        return token

    async def _preferred(self, token: str) -> Mapping[str, Any]:
        parameters = [True, {}]
        method = "model.res.user.get_preferences"
        result = (await self._post("preferences", method, parameters, token)).result
        if not isinstance(result, dict):
            raise UpstreamBroken("the user's preferences are not an object")
        match result.get("company"):
            case bool() | float() | str() | list() | dict():
                raise UpstreamBroken("the user's company is not the id of a record")
            case int():
                return {name: value for name, value in result.items() if name != NO_PREFERENCE}
            case _:  # Tryton would then answer every quantity with zero
                raise UpstreamRefused("the user works for no company")

    async def _post(
        self,
        operation: str,
        method: str,
        parameters: Sequence[Any],
        token: str | None = None,
        *,
        safe: bool = True,
    ) -> Reply:
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Session {token}"
        request = WireRequest(
            operation=operation,
            method="POST",
            path=self._path,
            # Tryton delays and then locks out a user after a few wrong passwords.
            safe=safe and token is not None,
            headers=headers,
            body=orjson.dumps({"id": 1, "method": method, "params": parameters}),
        )
        response = await self._http.send(request)
        return Reply(_result(operation, response), response.date)


async def _nothing(_token: str) -> None:
    """Only the login was wanted."""


def _result(operation: str, response: WireResponse) -> Any:
    """What stands under `result`; a failed call answers 200 with an `error`."""
    document = json_body(response)
    if isinstance(document, dict) and "error" in document:
        raise _refusal(operation, document["error"], response)
    if not isinstance(document, dict) or "result" not in document:
        raise UpstreamBroken(f"{operation} answered neither a result nor an error")
    return document["result"]


def _refusal(operation: str, error: Any, response: WireResponse) -> UpstreamError:
    """`["UserError", [message, …]]` is a no; `[message, traceback]` is a failure inside.

    The messages name records and people, so they stay in `body`.
    """
    name = error[0] if isinstance(error, list) and error and isinstance(error[0], str) else ""
    if (kind := SAID_NO.get(name)) is None:
        said = f"{operation} failed inside the upstream"
        return UpstreamBroken(said, status=response.status, body=response.body)
    said = f"{operation} was answered with a {name}"
    return kind(said, status=response.status, body=response.body)


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Every result in order; on the first error the other calls are cancelled."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
