"""A server over SFTP is known by its key, and what it does not do is never done by half."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import (
    At,
    MissingError,
    ShutOutError,
    SilentError,
    TakenError,
    TooLargeError,
)
from connectors.filedrop.sending import Told
from connectors.filedrop.sftp import Server
from tests.connectors.filedrop.files import ANSWERS, Clock, known, line, table
from tests.connectors.filedrop.orders import an_order_document
from tests.connectors.filedrop.sftp_server import LOOPBACK, PASSWORD, Away, sftp_server

HERE = At("in", "a.csv")


@asynccontextmanager
async def drop_at(away: Away, **changes: Any) -> AsyncIterator[Server]:
    drop = away.drop(**changes)
    async with aclosing(_Closing(drop)):
        yield drop


class _Closing:
    def __init__(self, drop: Server) -> None:
        self.drop = drop

    async def aclose(self) -> None:
        await self.drop.close()


async def test_files_are_listed_read_written_moved_and_removed(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away, drop_at(away) as drop:
        assert await drop.files("in") == []
        await drop.write(HERE, b"x" * 200_000)
        await drop.write(HERE, b"one")
        (tmp_path / "in" / "link").symlink_to(tmp_path / "in" / "a.csv")
        (tmp_path / "in" / "folder").mkdir()
        assert [(one.name, one.size) for one in await drop.files("in")] == [("a.csv", 3)]
        assert await drop.read(HERE, 3) == b"one"
        with pytest.raises(TooLargeError):
            await drop.read(HERE, 2)

        await drop.move(HERE, At("archive/2026", "a.csv"))
        with pytest.raises(MissingError):
            await drop.move(HERE, At("archive/2026", "b.csv"))
        await drop.write(HERE, b"two")
        with pytest.raises(TakenError):
            await drop.move(HERE, At("archive/2026", "a.csv"))
        await drop.put(HERE, At("archive/2026", "a.csv"))
        assert await drop.read(At("archive/2026", "a.csv"), 10) == b"two"
        await drop.remove(At("archive/2026", "a.csv"))
        for missing in (drop.read(HERE, 1), drop.remove(HERE), drop.put(HERE, At("in", "b"))):
            with pytest.raises(MissingError):
                await missing
        assert away.faults.logins == 1


async def test_a_large_file_comes_and_goes_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 8_000
    async with sftp_server(tmp_path) as away, drop_at(away) as drop:
        await drop.write(HERE, data)

        assert await drop.read(HERE, len(data)) == data
        assert [one.name for one in (tmp_path / "in").iterdir()] == ["a.csv"]


@pytest.mark.parametrize("phrase", [None, "a phrase"])
async def test_a_private_key_opens_the_door_too(tmp_path: Path, phrase: str | None) -> None:
    async with sftp_server(tmp_path) as away:
        key = away.faults.client_key.export_private_key(passphrase=phrase).decode()
        login: dict[str, Any] = {"password": None, "private_key": key, "passphrase": phrase}

        async with drop_at(away, **login) as drop:
            assert await drop.files("in") == []


async def test_a_key_without_its_passphrase_is_told_without_the_key(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away:
        key = away.faults.client_key.export_private_key(passphrase="a phrase").decode()

        async with drop_at(away, password=None, private_key=key) as drop:
            with pytest.raises(ShutOutError, match="see to its form, and to its passphrase"):
                await drop.files("in")


async def test_a_server_with_another_key_is_told_nothing(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        pinned = {"known_hosts": f"[{LOOPBACK}]:{away.port} {other}"}

        async with drop_at(away, sftp=pinned) as drop:
            with pytest.raises(ShutOutError) as raised:
                await drop.files("in")

        assert away.faults.logins == 0
        assert "have the new fingerprint confirmed and put the key there" in str(raised.value)


async def test_a_server_that_nobody_pinned_is_told_nothing(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away:
        elsewhere = away.known_hosts.replace(LOOPBACK, "192.0.2.1")

        async with drop_at(away, sftp={"known_hosts": elsewhere}) as drop:
            with pytest.raises(ShutOutError, match="is not the one in known_hosts"):
                await drop.files("in")

        assert away.faults.logins == 0


async def test_known_hosts_that_are_none_are_told(tmp_path: Path) -> None:
    async with (
        sftp_server(tmp_path) as away,
        drop_at(away, sftp={"known_hosts": "rubbish"}) as drop,
    ):
        with pytest.raises(ShutOutError, match="known_hosts cannot be read"):
            await drop.files("in")


async def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away, drop_at(away, password="wr0ng") as drop:
        with pytest.raises(ShutOutError) as raised:
            await drop.files("in")

    assert str(raised.value) == "the server refuses the login"


async def test_a_server_that_is_not_there_is_silent(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away:
        pass

    async with drop_at(away) as drop:
        with pytest.raises(SilentError, match="the server is not reached"):
            await drop.files("in")


@pytest.mark.parametrize("size", [10, 200_000])
async def test_a_line_that_is_cut_in_a_file_leaves_no_half_of_it(tmp_path: Path, size: int) -> None:
    async with sftp_server(tmp_path) as away, drop_at(away) as drop:
        await drop.write(HERE, b"before")
        away.faults.dies_after = size // 2
        with pytest.raises(SilentError):
            await drop.write(HERE, b"x" * size)

        away.faults.dies_after = None
        assert await drop.read(HERE, 10) == b"before"
        await drop.write(HERE, b"after")
        assert await drop.read(HERE, 10) == b"after"
        assert away.faults.logins == 2


async def test_a_line_that_is_cut_between_two_calls_is_made_again(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away, drop_at(away) as drop:
        await drop.write(HERE, b"one")
        away.faults.cut()
        with pytest.raises(SilentError):
            await until_it_fails(drop)

        assert await drop.read(HERE, 10) == b"one"


async def test_a_server_that_falls_silent_is_not_waited_for(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away, drop_at(away, sftp={"timeout": "PT4S"}) as drop:
        await drop.files("in")
        away.faults.speaks.clear()
        with pytest.raises(SilentError, match="does not answer in time"):
            await drop.write(HERE, b"one")

        away.faults.speaks.set()
        await drop.write(HERE, b"two")
        assert await drop.read(HERE, 10) == b"two"


async def test_so_is_one_that_takes_calls_and_says_nothing(tmp_path: Path) -> None:
    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(quiet, LOOPBACK, 0)
    async with listener, sftp_server(tmp_path) as away:
        port = listener.sockets[0].getsockname()[1]
        async with drop_at(away, sftp={"timeout": "PT0.5S", "port": port}) as drop:
            with pytest.raises(SilentError):
                await drop.files("in")


async def test_a_server_without_the_extension_replaces_in_two_steps(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away, drop_at(away) as drop:
        away.faults.lacks_posix_rename = True
        for data in (b"one", b"two"):
            await drop.write(HERE, data)

        assert await drop.read(HERE, 10) == b"two"


async def until_it_fails(drop: Server) -> None:
    """Ask until the end of the line is known here."""
    while True:
        await drop.read(HERE, 10)


def desk_at(away: Away, **changes: Any) -> Desk:
    return Desk(away.settings(orders=ANSWERS, **changes), now=Clock())


async def test_a_desk_takes_stock_and_hands_out_an_order_over_sftp(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "full-1.csv").write_text(table(line("A", 4)))
    async with sftp_server(tmp_path) as away:
        desk = desk_at(away)
        await desk.collector.look()
        assert desk.sender is not None
        told = await desk.sender.hand_over(an_order_document())
        answer = table("T-1,yes,B7,2026-11-20T10:00Z", header="number,state,ours,at")
        (tmp_path / "in" / "answer-1.csv").write_text(answer)
        await desk.collector.look()

        assert known(desk, "A") == {"A@P1": 4}
        assert told == Told("T-1", None, "T-1")
        assert [one.name for one in (tmp_path / "out").iterdir()] == ["order-T-1.csv"]
        assert await desk.sender.placed(["T-1"]) == [Told("T-1", "ACCEPTED", "B7")]
        await desk.close()


async def test_a_line_that_is_cut_before_an_order_appears_leaves_one_order(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away:
        desk = desk_at(away)
        assert desk.sender is not None
        for fault in ("dies_after", "dies_before_rename"):
            setattr(away.faults, fault, 5)
            with pytest.raises(SilentError):
                await desk.sender.hand_over(an_order_document())
            assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
            setattr(away.faults, fault, None)

        assert await desk.sender.hand_over(an_order_document()) == Told("T-1", None, "T-1")
        assert [one.name for one in (tmp_path / "out").iterdir()] == ["order-T-1.csv"]
        await desk.close()


async def test_no_message_holds_where_the_server_is_or_how_to_get_in(tmp_path: Path) -> None:
    told: list[str] = []
    async with sftp_server(tmp_path) as away:
        away.faults.refuses_logins = True
        async with drop_at(away) as drop:
            with pytest.raises(ShutOutError) as raised:
                await drop.files("in")
            told.append(str(raised.value))
    async with drop_at(away) as drop:
        with pytest.raises(SilentError) as silent:
            await drop.files("in")
        told.append(str(silent.value))

    for word in (LOOPBACK, str(away.port), PASSWORD, "retailer"):
        assert all(word not in one for one in told)
