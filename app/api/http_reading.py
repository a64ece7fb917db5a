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
from app.api.http_negotiation import JSON, media_type
from app.api.outcomes import Outcome, refused
from app.engine.steps import within
from app.settings import Requests

PREFLIGHT_HEADERS = ("x-tessera-preflight", "apollo-require-preflight")
ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class BadRequest(Exception):  # noqa: N818  an answer, not a failure of ours
    """A request that is not GraphQL over HTTP; the outcome says what to change."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


def bad(status: int, message: str, **headers: str) -> BadRequest:
    """One with a message."""
    return BadRequest(refused(message, "BAD_REQUEST", status, **headers))


async def read(scope: Scope, headers: RequestHeaders, receive: Receive, requests: Requests) -> Any:
    """The parameters a request holds, as large and as slow as requests may be.

    Raises:
        BadRequest: it is not GraphQL over HTTP.
    """
    match scope["method"]:
        case "POST":
            _check_type(headers)
            coming = _body(receive, _decoder(headers), requests.max_body)
            try:
                body = await within(requests.read_within.total_seconds(), coming)
            except TimeoutError as late:
                raise bad(408, "The body did not come in time.", connection="close") from late
            return _decoded(body)
        case "GET":
            _check_preflight(headers)
            return _parameters(QueryParams(scope["query_string"]))
    message = "Send a POST with an application/json body, or a GET with the query in the address."
    raise bad(405, message, allow="GET, POST")


def _check_type(headers: RequestHeaders) -> None:
    once = headers.times("content-type") == 1
    kind = media_type(headers["content-type"]) if once else None
    if kind is None or kind.name != JSON:
        raise bad(415, "The Content-Type must be application/json.", accept_post=JSON)
    if not kind.utf_8:
        raise bad(415, "The charset of the Content-Type must be utf-8.", accept_post=JSON)


def _check_preflight(headers: RequestHeaders) -> None:
    if not any(name in headers for name in PREFLIGHT_HEADERS):
        raise bad(
            400,
            f"A GET needs the header {PREFLIGHT_HEADERS[0]}, with any value: without it, any web"
            " page could make its visitors send it.",
        )


class _Plain:
    """A body that is not compressed."""

    eof, unused_data, unconsumed_tail = True, b"", b""

    def decompress(self, chunk: bytes, _most: int) -> bytes:
        return chunk


def _decoder(headers: RequestHeaders) -> Any:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        return _Plain()
    if encoding not in ENCODINGS:
        told = "The Content-Encoding must be gzip, deflate or identity."
        raise bad(415, told, accept_encoding="gzip, deflate, identity")
    return zlib.decompressobj(ENCODINGS[encoding])


async def _body(receive: Receive, decoder: Any, most: int) -> bytes:
    """The body, decompressed; no more than `most` bytes are ever held of either form."""
    body, wire = bytearray(), 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        wire += len(chunk)
        try:
            body += decoder.decompress(chunk, most - len(body) + 1)
        except zlib.error as error:
            raise bad(400, "The body is not what its Content-Encoding says.") from error
        if max(wire, len(body)) > most:
            raise bad(413, f"The body is larger than {most:,} bytes.")
    if not decoder.eof or decoder.unused_data:
        raise bad(400, "The body is not what its Content-Encoding says.")
    return bytes(body)


def _decoded(body: bytes) -> Any:
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
