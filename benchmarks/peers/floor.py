"""The least a request can cost here: a raw ASGI application that sends bytes it has.

As a gateway it makes the calls that an answer needs before, and does not look at what they bring.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import aiohttp
from starlette.types import ASGIApp, Receive, Scope, Send

JSON = {"content-type": "application/json"}


def application(answers: Mapping[str, Sequence[str]]) -> ASGIApp:
    """Sends the answers of the path, one after another."""
    by_path = {
        f"/{path}": cycle([body.encode() for body in bodies]) for path, bodies in answers.items()
    }

    async def sent(scope: Scope, receive: Receive, send: Send) -> None:
        await _heard(receive)
        await _answered(send, next(by_path[scope["path"]]))

    return sent


def calling(answers: Mapping[str, Sequence[Mapping[str, Any]]], url: str) -> ASGIApp:
    """Sends the answers of the path, each after its `calls` to that address: steps of them."""
    by_path = {f"/{path}": cycle(told) for path, told in answers.items()}
    opened: list[aiohttp.ClientSession] = []

    async def called(call: Mapping[str, str]) -> None:
        method = "POST" if "body" in call else "GET"
        body = call.get("body")
        async with opened[0].request(method, url + call["path"], data=body, headers=JSON) as got:
            await got.read()

    async def sent(scope: Scope, receive: Receive, send: Send) -> None:
        if not opened:
            opened.append(aiohttp.ClientSession())
        await _heard(receive)
        told = next(by_path[scope["path"]])
        for first, *others in told["calls"]:
            beside = [asyncio.create_task(called(one)) for one in others]
            await called(first)
            for one in beside:
                await one
        await _answered(send, told["body"].encode())

    return sent


async def _heard(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass


async def _answered(send: Send, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
