"""How do the tests speak to Tryton as its administrator? JSON-RPC with the standard library."""

import base64
import json
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

ANSWER_WITHIN_SECONDS = 60
Json = Any


class RpcError(Exception):
    """Tryton understood the call and said no."""


class TrytonRpc:
    """A logged-in user of one database."""

    def __init__(self, url: str, database: str, username: str, password: str) -> None:
        self._endpoint = f"{url}/{database}/rpc/"
        self._headers = {"content-type": "application/json"}
        self.context: dict[str, Json] = {}
        self.user, token, *_ = self._post(
            "common.db.login", [username, {"password": password}, "en"]
        )
        session = base64.b64encode(f"{username}:{self.user}:{token}".encode()).decode()
        self._headers["authorization"] = f"Session {session}"
        self.refresh()

    def refresh(self) -> None:
        """Take over the user's company and language."""
        self.context = self._post("model.res.user.get_preferences", [True, {}])

    def call(self, method: str, *params: Json, **context: Json) -> Json:
        """The result of a method; `context` is added to the user's."""
        return self._post(method, [*params, {**self.context, **context}])

    def create(self, model: str, values: Mapping[str, Json], **context: Json) -> int:
        """The id of a new record."""
        (record,) = self.call(f"model.{model}.create", [values], **context)
        return int(record)

    def write(self, model: str, record: int, values: Mapping[str, Json], **context: Json) -> None:
        """Change one record."""
        self.call(f"model.{model}.write", [record], values, **context)

    def press(self, model: str, button: str, record: int) -> None:
        """Press a button of one record."""
        self.call(f"model.{model}.{button}", [record])

    def find(self, model: str, *domain: Sequence[Json]) -> int:
        """The id of the first record that the domain describes."""
        (record, *_) = self.call(f"model.{model}.search", list(domain), 0, 1, None)
        return int(record)

    def read(self, model: str, record: int, *fields: str) -> dict[str, Json]:
        """Some fields of one record."""
        (row,) = self.call(f"model.{model}.read", [record], list(fields))
        return dict(row)

    def _post(self, method: str, params: Sequence[Json]) -> Json:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=tagged)
        request = urllib.request.Request(  # noqa: S310  the address is the test's own server
            self._endpoint, body.encode(), self._headers
        )
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_SECONDS) as response:  # noqa: S310
            answer = json.load(response)
        if "error" in answer:
            raise RpcError(method, answer["error"])
        return answer["result"]


def tagged(value: object) -> dict[str, Json]:
    """What JSON has no word for, in Tryton's spelling."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value).__name__)
