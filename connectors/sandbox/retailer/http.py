"""How do the upstreams read and write HTTP? JSON in and out, and refusals of what they limit."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")
Now = Callable[[], datetime]
IDS_PER_CALL = 200


def reply(document: Any, *, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(document), status_code=status, media_type="application/json")


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body; anything else is answered with 400."""
    try:
        document = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(document, dict):
        raise HTTPException(400, "the body is not an object")
    return document


def ids_in(document: dict[str, Any], name: str) -> list[str]:
    """The ids under `name`, none when it is left out; too many are answered with 422."""
    ids = document.get(name, [])
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise HTTPException(400, f"{name} is not a list of strings")
    return limited(ids, name)


def limited(ids: list[str], name: str) -> list[str]:
    """The ids without repeats; more than the limit are answered with 422."""
    if len(ids) > IDS_PER_CALL:
        raise HTTPException(422, f"{name} holds more than {IDS_PER_CALL}")
    return list(dict.fromkeys(ids))


def moment_in(document: dict[str, Any], name: str) -> datetime:
    """The moment under `name`; anything else is answered with 400."""
    try:
        moment = datetime.fromisoformat(cell(document, name, str))
    except ValueError as error:
        raise HTTPException(400, f"{name} is not a moment") from error
    if moment.tzinfo is None:
        raise HTTPException(400, f"{name} has no offset")
    return moment


async def refusal(_request: Request, error: Exception) -> Response:
    """A refusal in the words all four vendors happen to share."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "something broke"
    return reply({"error": detail}, status=status)


def rows_in(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects under `name`; anything else is answered with 400."""
    rows = document.get(name)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise HTTPException(400, f"{name} is not a list of objects")
    return rows


def cell(row: dict[str, Any], name: str, kind: type[T]) -> T:
    """A value of the type; anything else is answered with 400."""
    value = row.get(name)
    if type(value) is not kind:
        raise HTTPException(400, f"{name} is missing or of another type")
    return value
