"""What does an HTTP request ask? Its limits and media types are checked before anything is parsed.

A web page can make its visitor's browser send a form, a text or a GET to us, cookies and all,
without asking first (a "simple" request). A POST is safe from that because only `application/json`
is taken, which is not simple. A GET must carry a header that makes it not simple; the `Accept` of
the GraphQL media type would not, since pages may set that freely.
"""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request

from app.api.errors import ErrorEntry, request_error
from app.api.http_negotiation import JSON, media_type

PREFLIGHT_HEADERS = ("x-tessera-preflight", "apollo-require-preflight")
ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class BadRequest(Exception):  # noqa: N818  an answer, not a failure of ours
    """A request that cannot be executed: the status, what to change, and headers of the answer."""

    def __init__(self, status: int, *told: ErrorEntry, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.told = told
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Asked:
    """What a well-formed request asks."""

    document: str
    variables: dict[str, Any]
    operation_name: str | None


def refused(status: int, message: str, **headers: str) -> BadRequest:
    """A refusal with one message."""
    return BadRequest(status, request_error(message), **headers)


async def read(request: Request, *, most: int, malformed: Literal[400, 422]) -> Asked:
    """What the request asks; `most` bytes are read, compressed or not.

    Raises:
        BadRequest: it is not GraphQL over HTTP; JSON of the wrong shape has the status `malformed`.
    """
    match request.method:
        case "POST":
            _check_type(request)
            decoder = _decoder(request)
            return _asked(_decoded(await _body(request, decoder, most)), malformed)
        case "GET":
            _check_preflight(request)
            return _asked(_parameters(request.query_params), malformed)
    message = "Send a POST with an application/json body, or a GET with the query in the address."
    raise refused(405, message, allow="GET, POST")


def _check_type(request: Request) -> None:
    given = request.headers.getlist("content-type")
    kind = media_type(given[0]) if len(given) == 1 else None
    if kind is None or kind.name != JSON:
        raise refused(415, "The Content-Type must be application/json.", accept_post=JSON)
    if not kind.utf_8:
        raise refused(415, "The charset of the Content-Type must be utf-8.", accept_post=JSON)


def _check_preflight(request: Request) -> None:
    if not any(name in request.headers for name in PREFLIGHT_HEADERS):
        raise refused(
            400,
            f"A GET needs the header {PREFLIGHT_HEADERS[0]}, with any value: without it, any web"
            " page could make its visitors send it.",
        )


class _Plain:
    """A body that is not compressed."""

    eof, unused_data, unconsumed_tail = True, b"", b""

    def decompress(self, chunk: bytes, _most: int) -> bytes:
        return chunk


def _decoder(request: Request) -> Any:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        return _Plain()
    if encoding not in ENCODINGS:
        told = "The Content-Encoding must be gzip, deflate or identity."
        raise refused(415, told, accept_encoding="gzip, deflate, identity")
    return zlib.decompressobj(ENCODINGS[encoding])


async def _body(request: Request, decoder: Any, most: int) -> bytes:
    """The body, decompressed; no more than `most` bytes are ever held of either form."""
    body, wire = bytearray(), 0
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            wire += len(chunk)
            try:
                body += decoder.decompress(chunk, most - len(body) + 1)
            except zlib.error as error:
                raise refused(400, "The body is not what its Content-Encoding says.") from error
            if max(wire, len(body)) > most:
                raise refused(413, f"The body is larger than {most:,} bytes.")
    if not decoder.eof or decoder.unused_data:
        raise refused(400, "The body is not what its Content-Encoding says.")
    return bytes(body)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise refused(400, "The body is not JSON in UTF-8.") from error


def _parameters(given: QueryParams) -> dict[str, Any]:
    """The parameters of an address, each at most once."""
    asked: dict[str, Any] = {}
    for name in ("query", "operationName", "variables", "extensions"):
        values = given.getlist(name)
        if len(values) > 1:
            raise refused(400, f"{name} was given {len(values)} times.")
        if values and name in {"variables", "extensions"}:
            try:
                asked[name] = orjson.loads(values[0])
            except orjson.JSONDecodeError as error:
                raise refused(400, f"{name} is not JSON.") from error
        elif values:
            asked[name] = values[0]
    return asked


def _asked(body: Any, malformed: int) -> Asked:
    """The request that decoded JSON holds."""
    if not isinstance(body, Mapping):
        raise refused(malformed, "The body must be one JSON object with a query.")
    document, variables = body.get("query"), body.get("variables")
    name, extensions = body.get("operationName"), body.get("extensions")
    if not isinstance(document, str) or not document.strip():
        raise refused(malformed, "query must be a GraphQL document, as a string.")
    if not isinstance(variables, Mapping | None):
        raise refused(malformed, "variables must be an object.")
    if not isinstance(name, str | None):
        raise refused(malformed, "operationName must be a string.")
    if not isinstance(extensions, Mapping | None):
        raise refused(malformed, "extensions must be an object.")
    return Asked(document, dict(variables or {}), name or None)
