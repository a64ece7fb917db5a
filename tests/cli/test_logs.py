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
