"""Runs every benchmark and prints what it measured, where and with which versions."""

import asyncio
import logging
import platform
import sys

import structlog

from benchmarks import caching, executors, fault_matrix, http_clients


def main() -> None:
    """Run them one after another: they would disturb each other."""
    print(f"{platform.system()} {platform.machine()}, CPython {sys.version.split()[0]}\n")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(http_clients.main())
    asyncio.run(executors.main())
    asyncio.run(caching.main())
    asyncio.run(fault_matrix.main())


if __name__ == "__main__":
    main()
