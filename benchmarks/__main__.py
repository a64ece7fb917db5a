"""Runs every benchmark and prints what it measured, where and with which versions."""

import asyncio
import platform
import sys

from benchmarks import http_clients


def main() -> None:
    """Run them one after another: they would disturb each other."""
    print(f"{platform.system()} {platform.machine()}, CPython {sys.version.split()[0]}\n")
    asyncio.run(http_clients.main())


if __name__ == "__main__":
    main()
