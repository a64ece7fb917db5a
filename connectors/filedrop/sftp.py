"""How is a server that speaks SFTP used as a drop?"""

import asyncio
import posixpath
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from secrets import token_hex
from typing import TypeVar, cast

import asyncssh
from asyncssh import SFTPClient, SSHClientConnection
from pydantic import SecretStr

from connectors.filedrop.drop import (
    At,
    DropError,
    MissingError,
    Seen,
    ShutOutError,
    SilentError,
    TakenError,
    TooLargeError,
)
from connectors.filedrop.settings import Settings, Sftp

T = TypeVar("T")
BLOCK = 32 * 1024  # bytes of one request, which every server takes
SERVER_KEY = (
    "the server's host key is not the one in known_hosts: if the partner changed it, have the new "
    "fingerprint confirmed and put the key there; if not, somebody else answers in its place"
)
NO_HOST = "known_hosts cannot be read: each line is a host, a kind of key and the key"
NO_KEY = "the private key cannot be read: see to its form, and to its passphrase"


class Server:
    """One login, shared by all calls and made again when it was lost.

    The host key is pinned, no setting of this machine's own is read, and a server that does
    not answer within `timeout` ends the connection, so that the next call begins anew. Blocks are
    asked for one after the other, as what runs beside a failure is told to nobody.
    """

    def __init__(self, server: Sftp, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._lock = asyncio.Lock()
        self._connection: SSHClientConnection | None = None
        self._client: SFTPClient | None = None
        self._folders: set[str] = set()
        self._until = 0.0

    async def files(self, folder: str) -> list[Seen]:
        """See `Drop`. Links are no files."""

        async def listed(client: SFTPClient) -> list[Seen]:
            await self._make(client, folder)
            return [
                _seen(entry)
                for entry in await client.readdir(self._path(At(folder, "")))
                if stat.S_ISREG(entry.attrs.permissions or 0)
            ]

        return await self._done(listed)

    async def read(self, at: At, most: int) -> bytes:
        """See `Drop`."""

        async def read(client: SFTPClient) -> bytes:
            data = bytearray()
            async with client.open(self._path(at), "rb", block_size=0) as opened:
                while block := cast("bytes", await opened.read(min(BLOCK, most + 1 - len(data)))):
                    data += block
                    if len(data) > most:
                        raise TooLargeError("the file is too large")
                    self._goes_on()
            return bytes(data)

        return await self._done(read)

    async def write(self, at: At, data: bytes) -> None:
        """See `Drop`."""

        async def written(client: SFTPClient) -> None:
            await self._make(client, at.folder)
            part = self._path(At(at.folder, f".{token_hex(8)}.part"))
            try:
                async with client.open(part, "wb", block_size=0) as opened:
                    for start in range(0, len(data), BLOCK):
                        await opened.write(data[start : start + BLOCK])
                        self._goes_on()
                if (size := (await client.stat(part)).size) != len(data):
                    raise SilentError(f"only {size} of {len(data)} bytes arrived")
                await _replace(client, part, self._path(at))
            except (asyncssh.SFTPError, DropError):
                with suppress(asyncssh.SFTPError):
                    await client.remove(part)
                raise

        await self._done(written)

    async def move(self, source: At, target: At) -> None:
        """See `Drop`."""

        async def moved(client: SFTPClient) -> None:
            await self._make(client, target.folder)
            old, new = self._path(source), self._path(target)
            try:
                await client.rename(old, new)
            except asyncssh.SFTPNoSuchFile:
                raise
            except asyncssh.SFTPError:
                if await client.lexists(new):
                    raise TakenError("there is another file of this name") from None
                raise

        await self._done(moved)

    async def put(self, source: At, target: At) -> None:
        """See `Drop`."""

        async def put(client: SFTPClient) -> None:
            await self._make(client, target.folder)
            await _replace(client, self._path(source), self._path(target))

        await self._done(put)

    async def remove(self, at: At) -> None:
        """See `Drop`."""
        await self._done(lambda client: client.remove(self._path(at)))

    async def close(self) -> None:
        """See `Drop`."""
        connection, self._connection, self._client = self._connection, None, None
        self._folders.clear()
        if connection is not None:
            connection.abort()
            with suppress(OSError, asyncssh.Error):
                await connection.wait_closed()

    async def _done(self, act: Callable[[SFTPClient], Awaitable[T]]) -> T:
        """One call at a time; whatever breaks the conversation ends the connection."""
        async with self._lock:
            try:
                return await self._in_time(act)
            except asyncssh.SFTPNoSuchFile:
                raise MissingError("there is no such file") from None
            except asyncssh.SFTPPermissionDenied:
                raise ShutOutError(
                    "the folder may not be used: ask the partner for rights"
                ) from None
            except (asyncssh.SFTPNoConnection, asyncssh.SFTPConnectionLost):
                await self.close()
                raise SilentError("the connection was lost") from None
            except asyncssh.SFTPError as error:
                raise SilentError(f"the server could not do it ({type(error).__name__})") from None
            except asyncssh.HostKeyNotVerifiable:
                raise ShutOutError(SERVER_KEY) from None
            except (asyncssh.PermissionDenied, asyncssh.KeyExchangeFailed) as error:
                what = "the login" if isinstance(error, asyncssh.PermissionDenied) else "our terms"
                raise ShutOutError(f"the server refuses {what}") from None
            except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                raise ShutOutError(NO_KEY) from None
            except TimeoutError:
                await self.close()
                raise SilentError("the server does not answer in time") from None
            except (OSError, asyncssh.Error) as error:
                await self.close()
                raise SilentError(f"the server is not reached ({type(error).__name__})") from None

    async def _in_time(self, act: Callable[[SFTPClient], Awaitable[T]]) -> T:
        """What comes of it; the connection ends first where it takes too long.

        Closing a file is a question, too, which a silent server does not answer.
        """

        async def acted() -> T:
            return await act(self._client or await self._login())

        task = asyncio.ensure_future(acted())
        try:
            self._goes_on()
            while not task.done():
                if (left := self._until - asyncio.get_running_loop().time()) <= 0:
                    raise TimeoutError
                await asyncio.wait({task}, timeout=left)
            return task.result()
        finally:
            if not task.done():
                await self.close()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _goes_on(self) -> None:
        """The server has answered: it has as long again for its next answer."""
        seconds = self._server.timeout.total_seconds()
        self._until = asyncio.get_running_loop().time() + seconds

    async def _login(self) -> SFTPClient:
        server, settings = self._server, self._settings
        keys = None
        if settings.private_key is not None:
            phrase = _said(settings.passphrase)
            keys = [asyncssh.import_private_key(settings.private_key.get_secret_value(), phrase)]
        self._connection = await asyncssh.connect(
            server.host,
            server.port,
            username=server.user,
            password=_said(settings.password),
            client_keys=keys,
            known_hosts=_known(server.known_hosts),
            config=None,
            agent_path=None,
            keepalive_interval=15,
            connect_timeout=server.timeout.total_seconds(),
        )
        self._client = await self._connection.start_sftp_client()
        return self._client

    async def _make(self, client: SFTPClient, folder: str) -> None:
        """The folder, made if it has to be; the root never is."""
        if folder in self._folders:
            return
        path = ""
        for step in folder.split("/"):
            path = posixpath.join(path, step)
            where = self._path(At(path, ""))
            if not await client.isdir(where):
                with suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                    await client.mkdir(where)
        self._folders.add(folder)

    def _path(self, at: At) -> str:
        return posixpath.join(self._server.root or "", at.folder, at.name).rstrip("/")


def _known(hosts: str) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.import_known_hosts(hosts)
    except ValueError:
        raise ShutOutError(NO_HOST) from None


def _said(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


async def _replace(client: SFTPClient, old: str, new: str) -> None:
    try:
        await client.posix_rename(old, new)
    except asyncssh.SFTPOpUnsupported:
        if await client.lexists(new):  # two steps where the server knows no better
            await client.remove(new)
        await client.rename(old, new)


def _seen(entry: asyncssh.SFTPName) -> Seen:
    name = (
        entry.filename
        if isinstance(entry.filename, str)
        else entry.filename.decode(errors="replace")
    )
    modified = datetime.fromtimestamp(entry.attrs.mtime or 0, UTC)
    return Seen(name, entry.attrs.size or 0, modified)
