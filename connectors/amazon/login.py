"""Who are we to Amazon? Access tokens for a seller's refresh token (Login with Amazon)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson

from app.errors import UpstreamBroken, UpstreamRefused, UpstreamUnauthorized
from app.ports import WireRequest, WireResponse, Wiring
from connectors.amazon.settings import Settings
from connectors.kit.cells import text, whole
from connectors.kit.rows import json_body
from connectors.kit.session import Session

T = TypeVar("T")
EARLY = timedelta(seconds=60)  # before its end, a token is not used any more
BAD_REQUEST = 400
WRONG_CREDENTIALS = frozenset({"invalid_client", "invalid_grant", "unauthorized_client"})


class Login:
    """One access token for all calls of a connection, fetched anew shortly before it ends."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        self._http = wiring.http
        self._now = wiring.now
        self._base = settings.login_url
        self._settings = settings
        self._session = Session(self._fetched, now=wiring.now)
        self._ends: datetime | None = None

    async def call(self, send: Callable[[str], Awaitable[T]]) -> T:
        """`send(token)`; when that is unauthorized, once more with a fresh token.

        Raises:
            UpstreamUnauthorized: the credentials are wrong, or the seller took the right back.
        """
        if self._ends is not None and self._now() >= self._ends - EARLY:
            self._ends = None
            self._session.forget()
        return await self._session.call(send)

    async def _fetched(self) -> str:
        asked = {
            "grant_type": "refresh_token",
            "refresh_token": self._settings.refresh_token.get_secret_value(),
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
        }
        request = WireRequest(
            operation="login",
            method="POST",
            path="auth/o2/token",
            safe=True,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(asked).encode(),
            base=self._base,
        )
        begun = self._now()
        try:
            response = await self._http.send(request)
        except UpstreamRefused as error:
            if error.status == BAD_REQUEST and (word := _wrong(error.body)) is not None:
                raise UpstreamUnauthorized(f"refused the login with {word}", status=400) from error
            raise
        token, lasts = _read(response)
        self._ends = begun + timedelta(seconds=lasts)
        return token


def _read(response: WireResponse) -> tuple[str, int]:
    told = json_body(response)
    try:
        return text(told, "access_token"), whole(told, "expires_in")
    except (LookupError, TypeError) as error:
        raise UpstreamBroken("answered login without an access token") from error


def _wrong(body: bytes) -> str | None:
    """The word that says that the credentials are wrong, if it does."""
    try:
        told: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    word = told.get("error") if isinstance(told, dict) else None
    return word if isinstance(word, str) and word in WRONG_CREDENTIALS else None
