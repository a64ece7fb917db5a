"""How is a client sent what it is answered, in a form that it takes?"""

import gzip
from collections.abc import Mapping

from starlette.types import Send

from app.api.delivery import Delivery
from app.api.headers import RequestHeaders
from app.api.http_answers import StatusRules
from app.api.http_caching import Pairs, caching_headers, send_unchanged, shareable, unchanged
from app.api.http_negotiation import EVENT_STREAM, JSON, MULTIPART, RESPONSE, Media
from app.api.http_parts import send_parts, send_whole
from app.api.http_refusals import bad
from app.api.manners import Manner
from app.api.outcomes import Outcome
from app.settings import Statuses

WORTH_COMPRESSING = 1_000  # bytes; below that an answer fits in one packet anyway
COMPRESSION_LEVEL = 6  # of a listing of 125 kB: 0.6 ms, 6.6 kB; level 9 takes 1.2 ms for 6.0 kB
CONTENT_TYPES: dict[Media, tuple[bytes, bytes]] = {
    media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, RESPONSE)
}
Rules = Mapping[tuple[Media, bool], StatusRules]


def rules_of(statuses: Statuses) -> Rules:
    """The statuses of each kind of client: what it takes, and whether it names plain JSON."""
    return {
        (media, legacy): StatusRules(media, statuses, legacy=legacy)
        for media in (JSON, RESPONSE)
        for legacy in (False, True)
    }


class Reply:
    """What is sent to one client, in a form that it takes."""

    def __init__(
        self, send: Send, method: str, headers: RequestHeaders, manner: Manner, rules: Rules
    ) -> None:
        self.send = send
        self.manner = manner
        self.rules = rules[manner.media or JSON, manner.legacy]
        self._method, self._headers = method, headers

    def check(self) -> None:
        """Ask nothing on behalf of a client that takes no answer.

        Raises:
            BadRequest: it takes nothing of what is sent.
        """
        if self.manner.media is None and not self.manner.streams:
            raise bad(406, f"Accept {JSON}, {RESPONSE}, {EVENT_STREAM} or {MULTIPART}.")

    async def whole(self, outcome: Outcome) -> None:
        """Send a single answer."""
        status = self.rules.of(outcome)
        manner, method = self.manner, self._method
        if manner.media is None and manner.protocol is not None:
            await send_whole(self.send, manner.protocol, outcome, status)
        elif method == "GET" and unchanged(outcome, self._headers):
            await send_unchanged(self.send, outcome)
        else:
            told = shareable(outcome) if method == "GET" else outcome
            headers, body = dressed(told, manner, method)
            headers.append((b"content-length", str(len(body)).encode()))
            await self.send({"type": "http.response.start", "status": status, "headers": headers})
            await self.send({"type": "http.response.body", "body": body})

    async def delivered(self, delivery: Delivery) -> None:
        """Send an answer part by part, unless the first part is all of it."""
        outcome = await delivery.first()
        if self.manner.protocol is not None and delivery.pending:
            await send_parts(self.send, self.manner.protocol, outcome, delivery)
        else:
            await self.whole(outcome)


def dressed(outcome: Outcome, manner: Manner, method: str) -> tuple[Pairs, bytes]:
    """The headers of an answer, but for its length, and its body."""
    body = outcome.body()
    headers = [CONTENT_TYPES[manner.media or JSON], *caching_headers(outcome, method)]
    if outcome.headers:
        headers += ((name.encode(), value.encode()) for name, value in outcome.headers.items())
    if manner.takes_gzip and len(body) > WORTH_COMPRESSING:
        body = gzip.compress(body, COMPRESSION_LEVEL, mtime=0)
        headers.append((b"content-encoding", b"gzip"))
    return headers, body
