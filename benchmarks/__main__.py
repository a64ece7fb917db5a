"""Runs benchmarks and prints what they measured, where and with which versions.

`python -m benchmarks` runs all of them one after another, since they would disturb each other;
names choose some, and `peers` is short for those that need Node.js. `--quick` shows that the latter
work, in a short time; its figures prove nothing.
"""

import argparse
import asyncio
import logging
import os
import platform
import sys
from collections.abc import Sequence

import structlog

from benchmarks import (
    admission,
    caching,
    executors,
    fault_matrix,
    hot_sku,
    http_clients,
    observability,
    orders,
    projection,
    promise_page,
    promises,
)
from benchmarks.peers import parts

ALONE = {
    "http_clients": http_clients,
    "admission": admission,
    "executors": executors,
    "caching": caching,
    "fault_matrix": fault_matrix,
    "projection": projection,
    "hot_sku": hot_sku,
    "promises": promises,
    "promise_page": promise_page,
    "orders": orders,
    "observability": observability,  # last: it switches tracing on for the life of the process
}
GROUPS = {"peers": list(parts.PARTS)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, everything if nothing is."""
    (names, quick), busy = asked(arguments), os.getloadavg()[0]
    print(f"{platform.system()} {platform.machine()}, CPython {sys.version.split()[0]}\n")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for name, benchmark in ALONE.items():
        if name in names:
            asyncio.run(benchmark.main())
    if beside := [name for name in parts.PARTS if name in names]:
        asyncio.run(parts.main(beside, quick=quick, busy=busy))


def asked(arguments: Sequence[str] | None) -> tuple[set[str], bool]:
    """The names of what is to be run, and whether quickly."""
    every = [*ALONE, *parts.PARTS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", choices=[*every, *GROUPS, []])
    parser.add_argument("--quick", action="store_true", help="one short round of the peers")
    given = parser.parse_args(arguments)
    names = {one for name in given.names for one in GROUPS.get(name, [name])}
    return names or set(every), given.quick


if __name__ == "__main__":
    main()
