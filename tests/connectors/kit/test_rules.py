"""What each rule of the quality scale catches."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from tests.connectors.kit.proof import GOLD_REVIEWS, evidence, reason, verdict


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import aiohttp\n", "mapping.py uses aiohttp"),
        ("from urllib import request\n", "mapping.py uses urllib.request"),
        ("from app.ports import UpstreamHttp\n", "mapping.py uses app.ports.UpstreamHttp"),
        ("def level(row):\n    return open(row)\n", "mapping.py uses open()"),
        (
            "from datetime import datetime\nAT = datetime.now()\n",
            "mapping.py uses now()",
        ),
        ("def level(row, hours):\n    return print(hours.open())\n", "mapping.py uses print()"),
        ("async def level(row): ...\n", "mapping.py uses async def"),
        ("from connectors.tiny.words import word\n", "words.py uses pathlib"),
    ],
)
def test_a_mapping_that_reaches_outside_is_not_pure(tmp_path: Path, code: str, told: str) -> None:
    files = {"connectors/tiny/mapping.py": code, "connectors/tiny/words.py": "import pathlib\n"}

    assert reason("mapping-pure", evidence(tmp_path, files=files)) == told


def test_a_connector_without_a_mapping_has_none_to_be_pure(tmp_path: Path) -> None:
    proof = evidence(tmp_path)
    (proof.found.folder / "mapping.py").unlink()

    assert reason("mapping-pure", proof) == "there is no mapping.py"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import httpx\n", "connection.py uses httpx"),
        ("from aiohttp import ClientSession\n", "connection.py uses aiohttp"),
        (
            "import asyncio\nasync def go():\n    await asyncio.open_connection('a', 1)\n",
            "connection.py uses open_connection()",
        ),
    ],
)
def test_a_client_made_inside_is_caught(tmp_path: Path, code: str, told: str) -> None:
    files = {"connectors/tiny/connection.py": code}

    assert reason("client-injected", evidence(tmp_path, files=files)) == told


def test_an_embedded_upstream_may_listen_but_its_connection_may_not(tmp_path: Path) -> None:
    brought = {"embedded": None}
    files = {
        "connectors/tiny/__init__.py": "from connectors.tiny import server, connection\n",
        "connectors/tiny/server.py": "import uvicorn\n",
    }
    well = evidence(tmp_path / "well", files=files, package=brought)
    files["connectors/tiny/connection.py"] = "from connectors.tiny.server import start\n"
    wrong = evidence(tmp_path / "wrong", files=files, package=brought)

    assert verdict("client-injected", well).holds
    assert reason("client-injected", wrong) == "server.py uses uvicorn"


class LooseSettings(BaseModel):
    url: str


class NoAddress(BaseModel):
    model_config = ConfigDict(extra="forbid")
    password: SecretStr


class OpenSecret(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    api_key: str


class OpenSecretInside(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    password: SecretStr | None = None
    logins: dict[str, list[OpenSecret]]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (dict, "Settings is not a pydantic model"),
        (NoAddress, "Settings has no field `url: str`"),
        (LooseSettings, "LooseSettings lets unknown keys pass"),
        (OpenSecret, "OpenSecret.api_key is not a SecretStr"),
        (OpenSecretInside, "OpenSecret.api_key is not a SecretStr"),
    ],
)
def test_settings_that_are_loose_are_caught(tmp_path: Path, settings: type, told: str) -> None:
    proof = evidence(tmp_path, package={"Settings": settings})

    assert reason("settings-typed", proof) == told


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("looked at it", "the review entry must read 'YYYY-MM-DD, who: what was seen'"),
        ("2026-02-30, ada: fine", "the review entry must read 'YYYY-MM-DD, who: what was seen'"),
        ("2026-05-05, ada: fine", "the review of 2026-05-05 lies in the future"),
    ],
)
def test_a_review_names_a_real_day_and_person(tmp_path: Path, entry: str, told: str) -> None:
    quality = {"tier": "bronze", "reviewed": {**GOLD_REVIEWS, "readme": entry}}

    assert reason("readme", evidence(tmp_path, quality=quality)) == told


def test_an_owner_who_has_not_looked_for_a_year_is_not_active(tmp_path: Path) -> None:
    quality = {"tier": "gold", "reviewed": {**GOLD_REVIEWS, "owner-active": "2025-05-01, ada: ok"}}

    assert reason("owner-active", evidence(tmp_path, quality=quality)) == (
        "the last review was on 2025-05-01, more than 366 days ago"
    )


def test_a_declared_port_that_no_specimen_has_is_not_shown(tmp_path: Path) -> None:
    proof = evidence(
        tmp_path,
        provides={"StockSource": "stable", "PriceSource": "beta"},
        freshness={
            port: {"by": "pull", "usual_age": "PT5M"} for port in ("StockSource", "PriceSource")
        },
    )

    assert reason("manifest-valid", proof) == "PriceSource: no specimen has it"


def test_a_connector_without_a_page_is_caught(tmp_path: Path) -> None:
    proof = evidence(tmp_path, files={"connectors/tiny/README.md": "\n"})

    assert reason("readme", proof) == "there is no README.md"


def test_webhooks_matter_to_a_connector_that_is_told(tmp_path: Path) -> None:
    pushed = {"StockSource": {"by": "push", "usual_age": "PT1S"}}

    asking = verdict("webhooks-verified", evidence(tmp_path))
    told = reason("webhooks-verified", evidence(tmp_path, freshness=pushed))

    assert str(asking.state) == "not applicable"
    assert told == "nobody has reviewed it: no entry in [quality.reviewed]"


@pytest.mark.parametrize(
    ("rule", "file", "told"),
    [
        (
            "mapping-properties",
            "tests/connectors/tiny/test_tiny.py",
            "no test drives the mapping with Hypothesis",
        ),
        ("sandbox-run", "tests/real/test_tiny.py", "no test asks a live upstream"),
    ],
)
def test_a_rule_about_tests_wants_the_test(tmp_path: Path, rule: str, file: str, told: str) -> None:
    assert reason(rule, evidence(tmp_path, files={file: "import pytest\n"})) == told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("", "README.md states no budget of StockSource"),
        (
            "| StockSource | 2 | 500 ms |",
            "tiny-shop-StockSource-healthy: 3 calls, 20 ms; stated are 2 calls, 500 ms",
        ),
        (
            "| `StockSource` | 3 calls | 19 ms p95 |",
            "tiny-shop-StockSource-healthy: 3 calls, 20 ms; stated are 3 calls, 19 ms",
        ),
    ],
)
def test_a_budget_is_stated_and_kept(tmp_path: Path, row: str, told: str) -> None:
    files = {"connectors/tiny/README.md": f"# Tiny\n\n{row}\n"}

    assert reason("budget", evidence(tmp_path, files=files)) == told
