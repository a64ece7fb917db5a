"""The least a request can cost here: a raw ASGI application that sends bytes it has."""

from collections.abc import Mapping, Sequence
from itertools import cycle

from starlette.types import ASGIApp, Receive, Scope, Send


def application(answers: Mapping[str, Sequence[str]]) -> ASGIApp:
    """Sends the answers of the path, one after another."""
    by_path = {
        f"/{path}": cycle([body.encode() for body in bodies]) for path, bodies in answers.items()
    }

    async def sent(scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        body = next(by_path[scope["path"]])
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return sent
