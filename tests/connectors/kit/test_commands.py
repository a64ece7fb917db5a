"""What the command line is told."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from app.errors import MisconfiguredError
from app.ports import PORTS, UpstreamHttp
from app.upstream.client import open_client
from connectors.kit.commands import check, listing, new


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("specimen", url)


def test_a_new_connector_is_told_file_by_file_and_listed(tmp_path: Path) -> None:
    told = new("till_point", tmp_path)

    assert told.splitlines()[0] == "connectors/till_point/README.md"
    heads, row = listing(tmp_path / "connectors").splitlines()
    assert heads.split() == ["connector", "kind", "tier", *PORTS]
    provided = ["beta" if port == "StockSource" else "-" for port in PORTS]
    assert row.split() == ["till_point", "pos", "bronze", *provided]
    assert heads.index("StockSource") == row.index("beta")


async def test_a_connector_that_is_not_there_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    new("tillpoint", tmp_path)

    with pytest.raises(MisconfiguredError) as caught:
        await check(["tilpoint", "warehouse"], open_http, connectors=tmp_path / "connectors")

    assert caught.value.problems == (
        "no connector 'tilpoint': did you mean tillpoint?",
        "no connector 'warehouse': there are tillpoint",
    )


async def test_a_broken_card_fails_its_connector_and_stops_nobody(tmp_path: Path) -> None:
    new("tillpoint", tmp_path)
    card = tmp_path / "connectors" / "tillpoint" / "manifest.toml"
    card.write_text(card.read_text().replace('StockSource = "beta"', 'StokSource = "beta"'))

    report = await check([], open_http, connectors=tmp_path / "connectors")

    [graded] = report.grades
    assert graded.verdicts["manifest-valid"].reason.startswith(
        "tillpoint/manifest.toml: provides.StokSource: no such port"
    )
    assert not report.ok


async def test_a_connector_that_cannot_be_imported_fails(tmp_path: Path) -> None:
    new("tillpoint", tmp_path)

    report = await check([], open_http, connectors=tmp_path / "connectors")

    assert report.grades[0].verdicts["manifest-valid"].reason == (
        "connectors.tillpoint cannot be imported: No module named 'connectors.tillpoint'"
    )
