"""What do those hear who are still connected when the gateway stops?"""

import json
import signal
from pathlib import Path

import pytest
from websockets import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.cli.test_cli import settings_file
from tests.processes import running

PROTOCOL = Subprotocol("graphql-transport-ws")


def introduced(socket: ClientConnection) -> None:
    socket.send('{"type": "connection_init"}')
    assert json.loads(socket.recv(timeout=10)) == {"type": "connection_ack"}


def test_sockets_are_told_that_the_gateway_goes(tmp_path: Path) -> None:
    arguments = ("serve", "--config", str(settings_file(tmp_path)))
    with running(*arguments, cwd=tmp_path) as (process, address):
        url = address.replace("http", "ws", 1)
        with connect(url, subprotocols=[PROTOCOL]) as one, connect(url) as other:
            introduced(one)
            with pytest.raises(ConnectionClosed) as refused:
                other.recv(timeout=10)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                one.recv(timeout=10)
            process.wait(timeout=10)

    assert refused.value.rcvd is not None
    assert refused.value.rcvd.code == 4406
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "Going away")


def test_frames_are_as_large_as_the_settings_say(tmp_path: Path) -> None:
    file = settings_file(tmp_path)
    file.write_text(file.read_text() + "[streams]\nmax_message = 1000\n")
    with running("serve", "--config", str(file), cwd=tmp_path) as (_, address):
        url = address.replace("http", "ws", 1)
        with connect(url, subprotocols=[PROTOCOL]) as socket:
            introduced(socket)
            socket.send(json.dumps({"type": "ping", "payload": {"x": "y" * 1_000}}))
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=10)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
