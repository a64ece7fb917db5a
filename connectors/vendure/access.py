"""Who are we to Vendure? Log-in, API key, channel and language of every call."""

from collections.abc import Mapping
from typing import Any

from app.errors import UpstreamUnauthorized
from app.ports import Wiring
from app.values import ChannelCode, Locale
from connectors.kit.session import Session
from connectors.vendure.api import Operation, Reply
from connectors.vendure.documents import LOG_IN
from connectors.vendure.settings import Settings

TOKEN = "vendure-auth-token"  # noqa: S105  a header's name
LOGGED_IN = "CurrentUser"


class Access:
    """Sends operations: to the Admin API as an administrator, to the Shop API as anyone."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        self._settings = settings
        self._http = wiring.http
        self._session = Session(self._log_in, now=wiring.now)

    async def administer(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        *,
        channel: ChannelCode | None = None,
        language: Locale | None = None,
    ) -> Reply:
        """Ask the Admin API."""
        where, query = self._channel(channel), self._language(language)
        if self._settings.api_key is not None:
            key = self._settings.api_key.get_secret_value()
            reply = await self._send(operation, variables, {**where, "vendure-api-key": key}, query)
            return reply.judged()

        async def send(token: str) -> Reply:
            headers = {**where, "authorization": f"Bearer {token}"}
            reply = await self._send(operation, variables, headers, query)
            # Vendure takes a token back by an empty header. Without it we are still logged in and
            # lack a right, which another log-in would not give.
            if reply.refused() and TOKEN in reply.headers:
                raise UpstreamUnauthorized("the session has ended")
            return reply

        return (await self._session.call(send)).judged()

    async def shop(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        *,
        channel: ChannelCode | None = None,
        language: Locale | None = None,
    ) -> Reply:
        """Ask the Shop API, as a visitor."""
        where, query = self._channel(channel), self._language(language)
        return (await self._send(operation, variables, where, query)).judged()

    async def _log_in(self) -> str:
        password = self._settings.password
        variables = {
            "username": self._settings.username,
            "password": "" if password is None else password.get_secret_value(),
        }
        reply = (await self._send(LOG_IN, variables, {}, [])).judged()
        if reply.word("login", "__typename") != LOGGED_IN:
            raise UpstreamUnauthorized("the user name and password were not accepted")
        if not (token := reply.headers.get(TOKEN)):
            raise UpstreamUnauthorized("gave no session token: Vendure must allow bearer tokens")
        return token

    async def _send(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        headers: Mapping[str, str],
        query: list[tuple[str, str]],
    ) -> Reply:
        request = operation.request(variables, headers=headers, query=query)
        return Reply.of(operation, await self._http.send(request))

    def _channel(self, channel: ChannelCode | None) -> dict[str, str]:
        token = self._settings.channel_header(channel)
        return {} if token is None else {"vendure-token": token}

    def _language(self, language: Locale | None) -> list[tuple[str, str]]:
        return [] if language is None else [("languageCode", language.replace("-", "_"))]
