"""A line of the log, whoever writes it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.test_cli import ask, settings_file
from tests.ports import free_port
from tests.processes import ROOT, TESSERA, running

SAID = """
import logging
import structlog
from app import logs
from app.api.request_ids import REQUEST_ID
logs.configure(level="info", style="json")
log = structlog.get_logger("shop").bind(shop="IT")
log.debug("unheard")
log.info("before")
REQUEST_ID.set("r-1")
log.info("operation", cost=3, kind=None)
plain = structlog.get_logger()
plain.info("operation", cost=3)
plain.info("%s of %s", 1, 2, request_id="own")
plain.info("odd", text="\\ud800", kind=int)
log.warning("odd", request_id="own")
try:
    raise KeyError
except KeyError:
    log.exception("failed")
logging.getLogger("library").warning("said %s", 1)
logging.getLogger("asyncssh").info("Opening SSH connection to %s", "ftp.example.com")
"""
TIME = re.compile(r',"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"}')


def test_a_line_has_what_was_said_then_the_request_the_level_and_the_time() -> None:
    ended = subprocess.run(  # noqa: S603  our own text
        [sys.executable, "-c", SAID], check=True, timeout=60, capture_output=True, text=True
    )

    lines = ended.stderr.splitlines()
    assert [len(TIME.findall(line)) for line in lines] == [1] * 8
    assert [TIME.sub("}", line) for line in lines] == [
        '{"shop":"IT","event":"before","level":"info"}',
        '{"shop":"IT","cost":3,"kind":null,"event":"operation","request_id":"r-1","level":"info"}',
        '{"cost":3,"event":"operation","request_id":"r-1","level":"info"}',
        '{"request_id":"own","event":"1 of 2","level":"info"}',
        (
            r"""{"text":"'\\ud800'","kind":"<class 'int'>","event":"odd","request_id":"r-1","""
            '"level":"info"}'
        ),
        '{"shop":"IT","request_id":"own","event":"odd","level":"warning"}',
        '{"shop":"IT","exc_info":true,"event":"failed","request_id":"r-1","level":"error"}',
        '{"event":"said 1","logger":"library","request_id":"r-1","level":"warning"}',
    ]


TOGETHER = """
import asyncio, io, sys
from threading import Thread
from types import SimpleNamespace
import structlog
from app import logs
out = sys.stderr.buffer
class File(io.BytesIO):
    def write(self, lines):
        out.write(b"<" + lines + b">")
sys.stderr = SimpleNamespace(buffer=File(), write=print, flush=print, isatty=bool)
logs.configure(level="info", style="json")
log = structlog.get_logger()
async def first():
    for number in range(2):
        log.info(f"a{number}")
    await asyncio.sleep(0)
    log.info("b")
    await asyncio.sleep(0)
    other = Thread(target=log.info, args=("c",))
    other.start()
    other.join()
    log.info("last of a loop")
async def broken():
    log.info("d")
    asyncio.get_running_loop().stop()
log.info("before")
asyncio.run(first())
loop = asyncio.new_event_loop()
task = loop.create_task(broken())
loop.run_forever()
asyncio.run(first())
log.info("after")
async def ending():
    log.info("left")
    asyncio.get_running_loop().stop()
task = loop.create_task(ending())
loop.run_forever()
"""
EVENT = re.compile(r'{"event":"([^"]+)"[^}]+}\n')


def test_lines_of_one_turn_are_written_together_and_none_is_lost() -> None:
    ended = subprocess.run(  # noqa: S603  our own text
        [sys.executable, "-c", TOGETHER], check=True, timeout=60, capture_output=True, text=True
    )

    first, then = "<before ><a0 a1 >", "<b ><c ><last of a loop >"
    left = "<d a0 a1 >"  # by a loop that was stopped
    assert EVENT.sub(r"\1 ", ended.stderr) == f"{first}{then}{left}{then}<after ><left >"


ENDED = 30  # seconds that a process may take to end
ONE = "query One { __typename }"
THERE = {"data": {"__typename": "Query"}}


@contextmanager
def unread() -> Iterator[int]:
    """The end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def written(folder: Path, terms: str) -> tuple[str, list[dict[str, object]]]:
    """What a process that answered an operation said on stdout after its address, and its log."""
    file = settings_file(folder)
    file.write_text(f"{file.read_text()}[log]\n{terms}")
    with (folder / "log").open("w+") as log:
        arguments = ("serve", "--config", str(file))
        with running(*arguments, cwd=folder, stderr=log) as (process, address):
            assert ask(address, ONE) == THERE
            process.send_signal(signal.SIGTERM)
            process.wait(ENDED)
            assert process.stdout is not None
            said = process.stdout.read()
        log.seek(0)
        return said, [json.loads(line) for line in log]


def test_a_process_speaks_on_standard_error_as_the_settings_say(tmp_path: Path) -> None:
    said, log = written(tmp_path, 'level = "info"\nformat = "json"\n')

    assert said == ""
    operations = [line for line in log if line["event"] == "operation"]
    assert [(line["name"], line["outcome"], line["level"]) for line in operations] == [
        ("One", "complete", "info")
    ]


def test_a_process_says_no_more_than_its_level(tmp_path: Path) -> None:
    said, log = written(tmp_path, 'level = "warning"\n')

    assert said == ""
    assert [line["event"] for line in log] == ["store.embedded"]


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_nobody_needs_to_read_what_is_said_to_people(command: str, tmp_path: Path) -> None:
    port = free_port()
    with unread() as out:
        process = subprocess.Popen(  # noqa: S603  our own command
            [*TESSERA, command, "--port", str(port)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
    try:
        patient = httpx.HTTPTransport(retries=7)
        with httpx.Client(transport=patient, timeout=ENDED) as client:
            url = f"http://127.0.0.1:{port}/graphql"
            answers = [client.post(url, json={"query": ONE}) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        ended = process.wait(ENDED)
    finally:
        process.kill()
        process.wait()

    assert [answer.json() for answer in answers] == [THERE, THERE]
    assert ended == -signal.SIGTERM  # as uvicorn ends by one


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_log_that_cannot_be_written_keeps_nobody_from_an_answer(
    style: str, tmp_path: Path
) -> None:
    file = settings_file(tmp_path)
    file.write_text(f'{file.read_text()}[log]\nformat = "{style}"\n')
    arguments = ("serve", "--config", str(file))
    with unread() as err, running(*arguments, cwd=tmp_path, stderr=err) as (_, address):
        assert [ask(address, ONE), ask(address, ONE)] == [THERE, THERE]


def test_a_process_without_a_standard_error_speaks_to_nobody() -> None:
    told = "from app import logs\nimport structlog\nsys.stderr = None\n"
    for style in ("json", "text"):
        told += f'logs.configure(level="info", style="{style}")\nstructlog.get_logger().info("x")\n'
    ended = subprocess.run(  # noqa: S603  our own text
        [sys.executable, "-c", f"import sys\n{told}"], timeout=60, capture_output=True, check=True
    )

    assert (ended.stdout, ended.stderr) == (b"", b"")
