"""A server that speaks SFTP, in the test's own process, which can be made to fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from connectors.filedrop.settings import Settings
from connectors.filedrop.sftp import Server
from tests.connectors.filedrop.files import STOCK

LOOPBACK, USER, PASSWORD = "127.0.0.1", "retailer", "s3cret"


class Faults:
    """What goes wrong. `dies_after`: bytes of a file that are written before the line is cut.

    It is silent while `speaks` is not set.
    """

    def __init__(self) -> None:
        self.dies_after: int | None = None
        self.dies_before_rename = False
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.refuses_logins = False
        self.lacks_posix_rename = False
        self.logins = 0
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.connections: list[asyncssh.SSHServerConnection] = []

    def cut(self) -> None:
        for connection in self.connections:
            connection.abort()
        self.connections.clear()


class Doorkeeper(asyncssh.SSHServer):
    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.faults.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.faults.logins += 1
        return not self.faults.refuses_logins and (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self.faults.logins += 1
        return (username, key.public_data) == (USER, self.faults.client_key.public_data)


class Failing(asyncssh.SFTPServer):
    """Serves a folder, with its faults."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], root: Path, faults: Faults) -> None:
        super().__init__(chan, chroot=str(root).encode())
        self.faults = faults

    async def _wait(self) -> None:
        await self.faults.speaks.wait()

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        await self._wait()
        return super().lstat(path)  # type: ignore[return-value]

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        await self._wait()
        return super().stat(path)  # type: ignore[return-value]

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._wait()
        if (most := self.faults.dies_after) is not None and offset + len(data) > most:
            super().write(file_obj, offset, data[: max(most - offset, 0)])
            self.faults.cut()
        return super().write(file_obj, offset, data)  # type: ignore[return-value]

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self.faults.lacks_posix_rename:
            raise asyncssh.SFTPOpUnsupported("no")
        if self.faults.dies_before_rename:
            self.faults.cut()
            raise asyncssh.SFTPConnectionLost("cut")
        super().posix_rename(oldpath, newpath)


class Away:
    """Where a server is, and what it knows."""

    def __init__(self, root: Path, port: int, faults: Faults) -> None:
        self.root, self.port, self.faults = root, port, faults

    @property
    def known_hosts(self) -> str:
        public = self.faults.key.export_public_key().decode()
        return f"[{LOOPBACK}]:{self.port} {public}"

    def settings(self, **changes: Any) -> Settings:
        sftp = {
            "host": LOOPBACK,
            "port": self.port,
            "user": USER,
            "known_hosts": self.known_hosts,
            "timeout": "PT20S",
            **changes.pop("sftp", {}),
        }
        told = {"sftp": sftp, "password": PASSWORD, "stock": STOCK, **changes}
        return Settings.model_validate({name: one for name, one in told.items() if one is not None})

    def drop(self, **changes: Any) -> Server:
        settings = self.settings(**changes)
        assert settings.sftp is not None
        return Server(settings.sftp, settings)


@asynccontextmanager
async def sftp_server(
    root: Path, faults: Faults | None = None, port: int = 0
) -> AsyncIterator[Away]:
    known = faults or Faults()
    listener = await asyncssh.listen(
        LOOPBACK,
        port,
        server_factory=lambda: Doorkeeper(known),
        server_host_keys=[known.key],
        sftp_factory=lambda chan: Failing(chan, root, known),
        allow_scp=False,
    )
    try:
        yield Away(root, listener.get_port(), known)
    finally:
        known.speaks.set()
        known.cut()
        listener.close()
        await listener.wait_closed()
