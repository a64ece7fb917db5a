"""How do bytes become requests and messages? uvicorn's protocols, with limits on clients."""

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.api.arriving import Cohorts
from app.heads import Arrived, swiftly
from app.settings import Requests, Streams

LINGER = 5.0  # seconds that a connection has to take what was last written to it
LONGEST_HEAD = 65_536  # bytes of a request's address and headers, before its body
EACH_PIECE = 16  # bytes that may stand around each piece of a body; what is more is counted
LONGEST_REST = 1_000_000  # bytes of a body that still come when it was answered already
SLOWEST = 5_000  # bytes a second that a client takes of what waits for it
NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
AT_ONCE = 4_096  # bytes of a socket that are read before others have their turn
MOST_FRAMES = 1_000  # of a socket, without a message that says something
FRAMES_WITHIN = 60.0  # seconds that they are counted for; those of a message, until it ends
CHATTER = 1008, "Too many frames without a message"


class BoundedHttp(HttpToolsProtocol):
    """HTTP whose clients send the head of a request in time, and not without end, and read on.

    uvicorn waits for it for ever, and keeps whatever comes. The rest of a body that was answered
    before it ended is read for as long as a head, lest its client misses the answer. What stands
    around a body in chunks (their sizes and extensions, trailers) is no longer than a head either.
    Who takes less than `SLOWEST` of what was written, for as long as `write_within`, is cut.
    """

    def __init__(
        self, *arguments: Any, head_within: float, write_within: float, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self._head_within, self._write_within = head_within, write_within
        self._waits = 0  # bytes at the last look, if nothing was to be added to them
        self._looking: asyncio.TimerHandle | None = None
        self._answered: RequestResponseCycle | None = None
        self._head_due: asyncio.TimerHandle | None = None
        self._cohorts: Cohorts | None = getattr(self.app, "cohorts", None)
        self._reading = False
        self._due: tuple[RequestResponseCycle, Any] | None = None  # came just now
        self._came = 0
        self._awaiting = False  # a head, or the rest of a body
        self._in_body = False
        self._around = 0  # bytes that came with a body and are none of it, but for each piece's

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait."""
        super().connection_made(transport)
        self._await()
        self._limit()
        self._look_again()

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is too much; a head that came at once needs no clock."""
        if not self._awaiting and not self._answering():
            self._await()
        self._came += len(data)
        self._around += len(data)
        self._reading = True
        try:
            super().data_received(data)
        finally:
            self._reading = False
        if self._due is not None and self._cohorts is not None:
            self._begin_due(self._cohorts, *self._due)
        self._around = max(0, self._around)  # who sent little around some has no more for the rest
        if self._awaiting:
            self._limit()
        if (self._around if self._in_body else self._came) > LONGEST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._awaiting and self._came > LONGEST_REST:
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is there; trailers are none of it (RFC 9110, 6.5.1), and nobody asks for any."""
        self._stop_waiting()
        self._in_body, self._around = True, 0
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = []

    def on_body(self, body: bytes) -> None:
        """A piece of the body, which is not what stands around it."""
        self._around -= len(body) + EACH_PIECE
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is there, or there is none."""
        self._in_body, self._came = False, 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        self._stop_looking()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer; uvicorn tells only the last of those in line that its client left."""
        self._answered = cycle
        if self._reading and self._cohorts is not None:
            self._due = cycle, app
        else:
            self._begin(cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(swiftly, app, cycle))

    def _begin_due(self, cohorts: Cohorts, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer what came just now: together with others, or by itself."""
        self._due = None
        if cycle.more_body or not cohorts.take(Arrived(cycle, app, self._begin)):
            self._begin(cycle, app)

    def resume_writing(self) -> None:
        """The client takes what it is sent."""
        self._waits = 0
        super().resume_writing()

    def handle_websocket_upgrade(self) -> None:
        """Leave it to the protocol of sockets."""
        self._stop_looking()
        super().handle_websocket_upgrade()

    def _answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        return cycle is not None and not cycle.response_complete

    def _await(self) -> None:
        self._came, self._awaiting = 0, True

    def _limit(self) -> None:
        if self._head_due is None:
            self._head_due = self.loop.call_later(
                self._head_within, self._refuse, b"408 Request Timeout"
            )

    def _stop_waiting(self) -> None:
        self._awaiting = False
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _look_again(self) -> None:
        self._looking = self.loop.call_later(self._write_within, self._look)

    def _look(self) -> None:
        """Cut a client that took too little since the last look: it would be waited for for ever.

        Only while nothing is added to what waits for it can be seen how much it takes.
        """
        still = self.flow.write_paused or self.transport.is_closing()
        waits = self.transport.get_write_buffer_size() if still else 0
        if self._waits and waits > max(0, self._waits - SLOWEST * self._write_within):
            self.transport.abort()
            return
        self._waits = waits
        self._look_again()

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    def _refuse(self, status: bytes) -> None:
        """Close; a word before that would be taken for the answer that is due, if another is."""
        self._stop_waiting()
        if not self._another_is_due():
            head = b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status
            self.transport.write(head)
        self.transport.close()

    def _another_is_due(self) -> bool:
        cycle: Any = self.cycle
        if not self._in_body or cycle is None:
            return self._answering()
        return cycle.response_started or bool(self.pipeline)


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is cut when its client does not even take the end of it, or says nothing.

    uvicorn closes a transport and waits for its buffer to empty: for ever, if nobody reads. It
    reads all frames that are there at once, keeps each empty one, and each pong until it is read.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unread = bytearray()
        self._frames = 0  # since the last message
        self._frames_since = self.loop.time()
        self._pong: list[bytes] = []  # what waits for a client that does not read

    def data_received(self, data: bytes) -> None:
        """Read a part of it, and the rest when others had their turn."""
        waiting = bool(self._unread)
        self._unread += data
        if waiting:
            self.transport.pause_reading()
        else:
            self._read_on()

    def _read_on(self) -> None:
        if self.transport.is_closing():
            return
        part = bytes(self._unread[:AT_ONCE])
        del self._unread[:AT_ONCE]
        super().data_received(part)
        if self._unread:
            self.transport.pause_reading()
            self.loop.call_soon(self._read_on)
        elif not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(NO_HANDSHAKE)  # it has a body: it would be held without a word
            self.transport.close()
        elif not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """Hand on what the client said; nothing more is read before all that came is."""
        message = await super().receive()
        if self._unread:
            self.transport.pause_reading()
        return message

    def handle_events(self) -> None:
        """Count frames: nobody needs so many to say nothing."""
        now = self.loop.time()
        if now - self._frames_since >= FRAMES_WITHIN and not self.frames:
            self._frames, self._frames_since = 0, now
        self._frames += len(self.conn.events)
        super().handle_events()
        if self._frames > MOST_FRAMES and not self.transport.is_closing():
            self.conn.fail(*CHATTER)
            if self.conn.close_sent is None:  # it was not even accepted
                self.transport.abort()
            else:
                self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        """A message is there."""
        if any(self.frames):
            self._frames = 0
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Answer it; of several that came while the client did not read, the last one."""
        if self.writable.is_set() or self.conn.close_rcvd is not None:
            super().handle_ping()
        else:
            self._pong = self.conn.data_to_send()[-1:] or self._pong

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._pong and not self.close_sent:
            self.transport.write(b"".join(self._pong))
        self._pong = []

    async def run_asgi(self) -> None:
        """Run the application, then let the connection linger no longer than it may."""
        await super().run_asgi()
        self._cut_later()

    async def send(self, message: Any) -> None:
        """Hand a message on; a refusal with an answer ends the handshake, too.

        uvicorn would log each as a fault of the application.
        """
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """As above, for a client that does not answer pings."""
        super().keepalive_timeout()
        self._cut_later()

    def _cut_later(self) -> None:
        self.loop.call_later(LINGER, self.transport.abort)


def http(requests: Requests) -> dict[str, Any]:
    """How uvicorn speaks HTTP."""
    head, write = requests.read_within.total_seconds(), requests.write_within.total_seconds()
    return {"http": partial(BoundedHttp, head_within=head, write_within=write)}


def websockets(streams: Streams) -> dict[str, Any]:
    """How uvicorn speaks WebSocket.

    Frames are not compressed: it would cost each connection as much memory as all the rest of it.
    """
    return {
        "ws": BoundedWebSocket,
        "ws_max_size": streams.max_message,
        "ws_ping_interval": streams.ping_every.total_seconds(),
        "ws_ping_timeout": streams.pong_within.total_seconds(),
        "ws_per_message_deflate": False,
    }
