"""A line of the log, whoever writes it."""

import re
import subprocess
import sys

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
log.warning("odd", request_id="own")
try:
    raise KeyError
except KeyError:
    log.exception("failed")
logging.getLogger("library").warning("said %s", 1)
"""
TIME = re.compile(r',"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"}')


def test_a_line_has_what_was_said_then_the_request_the_level_and_the_time() -> None:
    ended = subprocess.run(  # noqa: S603  our own text
        [sys.executable, "-c", SAID], check=True, timeout=60, capture_output=True, text=True
    )

    lines = ended.stderr.splitlines()
    assert [len(TIME.findall(line)) for line in lines] == [1] * 5
    assert [TIME.sub("}", line) for line in lines] == [
        '{"shop":"IT","event":"before","level":"info"}',
        '{"shop":"IT","cost":3,"kind":null,"event":"operation","request_id":"r-1","level":"info"}',
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
