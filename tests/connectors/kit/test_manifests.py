"""Cards: found in folders, read without running anything, and refused in clear words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import MisconfiguredError
from app.ports import PORTS, FoundConnector, Manifest, find_connectors, read_manifest
from app.ports.manifests import ENTRY_POINTS

CARD = """
name = "{name}"
title = "Tiny"
kind = "pos"
owners = ["stores"]
upstream_api = "v1"
provides = {{ StockSource = "stable" }}
freshness = {{ StockSource = {{ by = "pull", usual_age = "PT5M" }} }}
limits = {{ ids_per_call = 2 }}
quality = {{ tier = "bronze" }}
"""


def a_connector(into: Path, name: str = "tiny", card: str = CARD) -> FoundConnector:
    folder = into / "connectors" / name
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(card.format(name=name))
    return FoundConnector(name=name, folder=folder, module=f"connectors.{name}")


@contextmanager
def installed(site: Path) -> Iterator[None]:
    sys.path.insert(0, str(site))
    try:
        yield
    finally:
        sys.path.remove(str(site))


def a_package(site: Path, connector: str, package: str) -> None:
    """An installed package that announces a connector."""
    record = site / f"{package}-1.0.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{connector} = {package}\n")
    (site / package).mkdir()
    (site / package / "__init__.py").write_text("raise RuntimeError('it was executed')\n")
    (site / package / "manifest.toml").write_text(CARD.format(name=connector))


def test_folders_with_a_card_are_connectors_and_others_are_not(tmp_path: Path) -> None:
    tiny = a_connector(tmp_path)
    (tmp_path / "connectors" / "kit").mkdir()

    assert find_connectors(tmp_path / "connectors") == {"tiny": tiny}


def test_a_card_is_read(tmp_path: Path) -> None:
    assert read_manifest(a_connector(tmp_path)) == Manifest.model_validate(
        {
            "name": "tiny",
            "title": "Tiny",
            "kind": "pos",
            "owners": ["stores"],
            "upstream_api": "v1",
            "provides": {"StockSource": "stable"},
            "freshness": {"StockSource": {"by": "pull", "usual_age": "PT5M"}},
            "limits": {"ids_per_call": 2},
            "quality": {"tier": "bronze"},
        }
    )


def test_an_installed_package_announces_itself_and_is_not_executed(tmp_path: Path) -> None:
    a_package(tmp_path, "acme", "tessera_acme_test")

    with installed(tmp_path):
        found = find_connectors(tmp_path / "connectors")["acme"]

    assert found == FoundConnector(
        name="acme", folder=tmp_path / "tessera_acme_test", module="tessera_acme_test"
    )
    assert read_manifest(found).name == "acme"


def test_two_connectors_of_one_name_are_refused(tmp_path: Path) -> None:
    a_connector(tmp_path)
    a_package(tmp_path, "tiny", "tessera_tiny_test")

    with installed(tmp_path), pytest.raises(MisconfiguredError) as caught:
        find_connectors(tmp_path / "connectors")

    assert caught.value.problems == ("two connectors are called 'tiny': rename one",)


@pytest.mark.parametrize(
    ("before", "after", "problems"),
    [
        (
            'title = "Tiny"',
            'titel = "Tiny"',
            ["title: Field required", "titel: Extra inputs are not permitted"],
        ),
        (
            "provides = {{ StockSource",
            "provides = {{ StokSource",
            [
                f"provides.StokSource: no such port; there are {', '.join(sorted(PORTS))}",
                "freshness.StokSource: is missing; say how its data arrives",
                "freshness.StockSource: is not in provides",
            ],
        ),
        ('provides = {{ StockSource = "stable" }}', "provides = {{}}", ["provides: names no port"]),
        ('"{name}"', '"other"', ["name: is 'other', the connector is found as 'tiny'"]),
        ('owners = ["stores"]', "owners = []", ["owners: Tuple should have at least 1 item"]),
        (
            "ids_per_call = 2",
            "ids_per_call = 2, ids_per_call_of = {{ StokSource = 1 }}",
            ["limits.ids_per_call_of.StokSource: is not in provides"],
        ),
        ('"{name}"', "", ["Invalid value (at line 2, column 8)"]),
    ],
)
def test_a_card_that_says_something_impossible_is_refused_line_by_line(
    tmp_path: Path, before: str, after: str, problems: list[str]
) -> None:
    found = a_connector(tmp_path, card=CARD.replace(before, after))

    with pytest.raises(MisconfiguredError) as caught:
        read_manifest(found)

    told = [problem.removeprefix("tiny/manifest.toml: ") for problem in caught.value.problems]
    assert [line[: len(line_start)] for line, line_start in zip(told, problems, strict=False)][
        : len(problems)
    ] == problems
