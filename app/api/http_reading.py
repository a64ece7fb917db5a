"""What does an HTTP request ask? Its limits and media types are checked before anything is parsed.

A web page can make its visitor's browser send a form, a text or a GET to us, cookies and all,
without asking first (a "simple" request). A POST is safe from that because only `application/json`
is taken, which is not simple. A GET must carry a header that makes it not simple; the `Accept` of
the GraphQL media type would not, since pages may set that freely.
"""

import zlib
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from app.api.asking import not_json
from app.api.headers import RequestHeaders
from app.api.http_leaving import ClientLeft
from app.api.http_refusals import BadRequest, bad
from app.api.manners import PLAIN, Manner
from app.engine.steps import within
from app.settings import Requests

MISPACKED = "The body is not what its Content-Encoding says."
PREFLIGHT_HEADERS = ("x-tessera-preflight", "apollo-require-preflight")


async def read_body(manner: Manner, receive: Receive, requests: Requests) -> bytes:
    """The body of a POST, as large and as slow as requests may be.

    Raises:
        BadRequest: it is not GraphQL over HTTP.
    """
    if manner.unread is not None:
        raise BadRequest(manner.unread)
    coming = _body(receive, manner.window, requests.max_body)
    try:
        return await within(requests.read_within.total_seconds(), coming)
    except TimeoutError as late:
        raise bad(408, "The body did not come in time.", connection="close") from late


def read_address(scope: Scope, headers: RequestHeaders) -> dict[str, Any]:
    """The parameters of a GET, each at most once.

    Raises:
        BadRequest: it is not GraphQL over HTTP.
    """
    _check_preflight(headers)
    return _parameters(QueryParams(scope["query_string"]))


def _check_preflight(headers: RequestHeaders) -> None:
    if not any(name in headers for name in PREFLIGHT_HEADERS):
        raise bad(
            400,
            f"A GET needs the header {PREFLIGHT_HEADERS[0]}, with any value: without it, any web"
            " page could make its visitors send it.",
        )


async def _body(receive: Receive, window: int, most: int) -> bytes:
    """The body, unpacked; no more than `most` bytes are ever held of either form."""
    decoder = None if window == PLAIN else zlib.decompressobj(window)
    body, wire = bytearray(), 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        wire += len(chunk)
        if decoder is None:
            if not (more or body) and wire <= most:
                return chunk  # all of it at once, as nearly every client sends it
            body += chunk
        else:
            body += _unpacked(decoder, chunk, most - len(body) + 1)
        if max(wire, len(body)) > most:
            raise bad(413, f"The body is larger than {most:,} bytes.")
    if decoder is not None and (not decoder.eof or decoder.unused_data):
        raise bad(400, MISPACKED)
    return bytes(body)


def _unpacked(decoder: Any, chunk: bytes, most: int) -> bytes:
    try:
        unpacked: bytes = decoder.decompress(chunk, most)
    except zlib.error as error:
        raise bad(400, MISPACKED) from error
    return unpacked


def decoded(body: bytes) -> Any:
    """The JSON in a body.

    Raises:
        BadRequest: it is none.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad(400, not_json(error, "The body is not JSON in UTF-8.")) from error


def _parameters(given: QueryParams) -> dict[str, Any]:
    """The parameters of an address, each at most once."""
    asked: dict[str, Any] = {}
    for name in ("query", "documentId", "operationName", "variables", "extensions"):
        values = given.getlist(name)
        if len(values) > 1:
            raise bad(400, f"{name} was given {len(values)} times.")
        if values and name in {"variables", "extensions"}:
            try:
                asked[name] = orjson.loads(values[0])
            except orjson.JSONDecodeError as error:
                raise bad(400, not_json(error, f"{name} is not JSON.")) from error
        elif values:
            asked[name] = values[0]
    return asked
