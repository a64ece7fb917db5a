"""How do tests run the gateway as a process of its own?"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

TESSERA = [sys.executable, "-m", "app.cli"]
ROOT = Path(__file__).parents[1]
SURROUNDINGS = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def running(
    *arguments: str, cwd: Path, stderr: IO[Any] | int = subprocess.DEVNULL, **environ: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A gateway process and its address; killed at the end if it still runs."""
    process = subprocess.Popen(  # noqa: S603  our own command
        [*TESSERA, *arguments, "--port", "0"],
        cwd=cwd,
        env={**os.environ, **SURROUNDINGS, "TMPDIR": str(cwd), **environ},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("Tessera answers at http://"), first
        yield process, first.split()[3]
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
