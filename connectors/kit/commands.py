"""What does `tessera connectors` do? Functions whose answers the command line prints."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path

from app.errors import MisconfiguredError
from app.ports import PORTS, FoundConnector, Manifest, find_connectors, read_manifest
from connectors.kit import scaffold
from connectors.kit.bench import OpenHttp
from connectors.kit.checks import Evidence
from connectors.kit.conformance import Case, CaseResult, Subject, cases_of, subject_of, try_case
from connectors.kit.manifests import CONNECTORS
from connectors.kit.quality import Grade, Report, grade, ungraded

AT_ONCE = 4  # cases tried side by side; more would make time limits on loopback untrue


def listing(connectors: Path = CONNECTORS) -> str:
    """Which connector has which port, how stable; its kind and the tier it claims.

    Raises:
        MisconfiguredError: a manifest is wrong.
    """
    heads = ("connector", "kind", "tier", *PORTS)
    rows = [heads, *(_row(read_manifest(found)) for found in find_connectors(connectors).values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(manifest: Manifest) -> tuple[str, ...]:
    ports = (manifest.provides.get(port, "-") for port in PORTS)
    return (manifest.name, manifest.kind.value, manifest.quality.tier, *ports)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


async def check(
    names: Collection[str],
    open_http: OpenHttp,
    *,
    connectors: Path = CONNECTORS,
    today: date | None = None,
) -> Report:
    """Try the named connectors (all when none is named) and grade them.

    Raises:
        MisconfiguredError: there is no such connector.
    """
    found = find_connectors(connectors)
    if unknown := tuple(_unknown(names, found)):
        raise MisconfiguredError(*unknown)
    chosen = [found[name] for name in names or found]
    day = today or datetime.now(UTC).date()
    return Report(tuple([await _grade(one, open_http, day) for one in chosen]))


def _unknown(names: Collection[str], found: Mapping[str, FoundConnector]) -> Iterator[str]:
    for name in names:
        if name not in found:
            close = get_close_matches(name, found, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(found)}"
            yield f"no connector {name!r}: {hint}"


async def _grade(found: FoundConnector, open_http: OpenHttp, today: date) -> Grade:
    try:
        manifest = read_manifest(found)
        subject = subject_of(manifest, found.module)
    except MisconfiguredError as error:
        return ungraded(found.name, error.problems)
    except ImportError as error:
        return ungraded(found.name, (f"{found.module} cannot be imported: {error}",))
    evidence = Evidence(
        found=found,
        manifest=manifest,
        package=subject.package,
        results=await try_all(subject, open_http),
        today=today,
    )
    return grade(evidence)


async def try_all(subject: Subject, open_http: OpenHttp) -> tuple[CaseResult, ...]:
    """Every case of a connector, a few side by side."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> CaseResult:
        async with room:
            return await try_case(subject, case, open_http)

    return tuple(await asyncio.gather(*map(one, cases_of(subject))))


def new(name: str, into: Path = CONNECTORS.parent) -> str:
    """Write a connector that works, to be made into a real one; tells what was written.

    Raises:
        ValueError: the name cannot be a connector's.
        FileExistsError: there is one of this name.
    """
    written = scaffold.new(name, into)
    return "\n".join(str(path.relative_to(into)) for path in written)
