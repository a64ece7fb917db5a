"""Which port can a server be given that nobody takes before it does?"""

import socket
from secrets import randbelow

LOOPBACK = "127.0.0.1"
LOWEST, MOST = 20_000, 12_000  # below those that Linux gives to whoever asks for any


def free_port() -> int:
    """A port that is free; drawn at random, whatever seed the tests have that run meanwhile."""
    return free_ports(1)[0]


def free_ports(count: int) -> tuple[int, ...]:
    """So many different ones."""
    found: set[int] = set()
    while len(found) < count:
        if _is_free(port := LOWEST + randbelow(MOST)):
            found.add(port)
    return tuple(found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
