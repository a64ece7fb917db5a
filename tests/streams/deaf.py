"""A client that writes and never reads."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from tests.streams.served import PROTOCOL


class Deaf:
    """A client of the gateway at an address; it reads when it is told to."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        host, port = address.removeprefix("http://").split(":")
        self.socket.connect((host, int(port)))
        self.socket.setblocking(False)  # noqa: FBT003  its name
        self.protocol = ClientProtocol(
            parse_uri(f"ws://{host}:{port}/graphql"), subprotocols=[Subprotocol(PROTOCOL)]
        )
        self.protocol.send_request(self.protocol.connect())
        self.flush()

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            self.socket.sendall(data)

    async def shake_hands(self) -> None:
        loop = asyncio.get_running_loop()
        while self.protocol.handshake_exc is None and self.protocol.state.name != "OPEN":
            self.protocol.receive_data(await loop.sock_recv(self.socket, 1024))

    def say(self, text: str) -> None:
        self.protocol.send_text(text.encode())
        self.flush()

    async def hears_the_end(self) -> None:
        """Read all that was on its way."""
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self.socket, 65_536):
            self.protocol.receive_data(data)

    def heard(self) -> Iterator[dict[str, Any]]:
        """The messages that came whole."""
        for frame in self.protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                yield orjson.loads(frame.data)

    def pongs(self) -> Iterator[bytes]:
        """The answers to pings that came."""
        for frame in self.protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode is Opcode.PONG:
                yield bytes(frame.data)

    @property
    def held(self) -> bool:
        """Whether the other side still holds the connection: it may have left it to the kernel."""
        return held(self.socket)


def held(connection: socket.socket) -> bool:
    """Whether the other side still holds it, and has not left it to the kernel."""
    here, there = (_as_listed(one()) for one in (connection.getsockname, connection.getpeername))
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == [there, here]:
            return fields[9] != "0"  # the inode of the socket
    return False


def _as_listed(address: tuple[str, int]) -> str:
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
