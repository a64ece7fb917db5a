from pathlib import Path

import click
import pytest
from pydantic import ValidationError

from app.ports import PORTS, find_connectors, read_manifest
from app.settings import load
from app.upstream.registry import plan
from connectors import sandbox
from connectors.kit.manifests import CONNECTORS
from connectors.kit.specimen import Specimen
from connectors.sandbox.commands import sandbox as commands
from connectors.sandbox.retailer.http import IDS_PER_CALL as BORNE
from connectors.sandbox.specimen import SPECIMENS
from connectors.sandbox.wire import IDS_PER_CALL as ASKED

FOUND = find_connectors(CONNECTORS)["sandbox"]


def test_the_manifest_says_what_the_folder_holds() -> None:
    manifest = read_manifest(FOUND)
    assert (manifest.name, manifest.kind) == ("sandbox", "retailer")
    assert set(manifest.provides) == set(PORTS)
    assert manifest.limits.ids_per_call == ASKED == BORNE
    assert manifest.commands == "commands:sandbox"
    assert isinstance(commands, click.Group)


def test_the_demo_is_a_configuration_the_gateway_can_start() -> None:
    demo = load(Path(FOUND.folder) / str(read_manifest(FOUND).demo))

    planned = plan(demo, {"sandbox": FOUND})

    assert set(planned) == {"shop", "tills", "warehouse", "supplier", "payments", "market"}
    assert {one.url for one in planned.values()} == {"embedded"}
    assert [demo.bind.stock_source(code) for code in ("ECOM-1", "ST-MIL", "WH-1", "SUP-1")] == [
        "shop",
        "tills",
        "warehouse",
        "supplier",
    ]
    assert [demo.bind.order_sink(code) for code in ("ECOM-1", "ST-MIL", "WH-1", "SUP-1")] == [
        "shop",
        None,
        "warehouse",
        None,
    ]
    assert {code: channel.currency for code, channel in demo.channels.items()} == {
        "WEB": "EUR",
        "APP": "EUR",
        "POS": "EUR",
        "UK": "GBP",
        "MARKET": "EUR",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "embedded", "system": "loyalty"},
        {"url": "embedded", "system": "shop", "speed": 3},
        {"system": "shop"},
    ],
)
def test_settings_nobody_knows_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        sandbox.Settings.model_validate(wrong)


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.label)
def test_every_specimen_names_what_it_can_be_asked_for(specimen: Specimen) -> None:
    if specimen.ports == {"PaymentProvider"}:
        assert specimen.payments is not None
        return
    if specimen.ports == {"ListingSink", "OrderSource"}:
        assert (specimen.market, specimen.listings) != (None, None)
        return
    assert len(specimen.skus) == 5
    assert specimen.locations
    assert (specimen.orders is not None) == ("OrderSink" in specimen.ports)
    assert bool(specimen.product_keys) == ("CatalogSource" in specimen.ports)
