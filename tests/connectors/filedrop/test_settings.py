"""What was not agreed with the partner stops the start, and secrets stay secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.filedrop import Settings
from connectors.filedrop.embedded import revealed
from tests.connectors.filedrop.files import ANSWERS, STOCK
from tests.connectors.filedrop.selling import COLUMNS, SALES

SFTP = {"host": "sftp.example", "user": "us", "known_hosts": "sftp.example ssh-ed25519 AAAA"}
TOLD: dict[str, Any] = {"folder": "/drop", "stock": STOCK, "orders": ANSWERS}
REMOTE: dict[str, Any] = {"sftp": SFTP, "password": "s3cret", "stock": STOCK}


def test_a_folder_and_the_names_of_columns_are_enough() -> None:
    settings = Settings.model_validate(TOLD)

    assert settings.url == "embedded"
    assert settings.folders.inbox == "in"
    assert settings.pickup.by == "name"


def test_secrets_are_not_shown_and_reach_the_desk_all_the_same() -> None:
    settings = Settings.model_validate({**REMOTE, "private_key": "k3y", "passphrase": "phr4se"})

    assert not [word for word in ("s3cret", "k3y", "phr4se") if word in repr(settings)]
    assert Settings.model_validate(revealed(settings)) == settings


def changed(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    merged = {**told, **changes}
    return {name: one for name, one in merged.items() if one is not None}


def without(column: str) -> dict[str, str]:
    return {name: header for name, header in COLUMNS.items() if name != column}


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (changed(TOLD, url="here"), "url must be `embedded`, or begin with https:// or http://"),
        (changed(TOLD, folder=None), "say either `folder` or `sftp`"),
        (changed(TOLD, sftp=SFTP), "say either `folder` or `sftp`"),
        (changed(TOLD, folder="drop"), "folder must be an absolute path"),
        (changed(TOLD, stock=None, orders=None), "set up one of stock, orders, listings and sales"),
        (changed(TOLD, color="red"), "Extra inputs are not permitted"),
        (changed(REMOTE, password=None), "sftp needs a `password` or a `private_key`"),
        (
            changed(REMOTE, sftp={**SFTP, "known_hosts": "# none\n \n"}),
            "must hold the server's host key, as `ssh-keyscan` prints it",
        ),
        (
            changed(REMOTE, sftp={"host": "sftp.example", "user": "us"}),
            "known_hosts\n  Field required",
        ),
        (changed(TOLD, folders={"inbox": "../in"}), "must be a relative folder"),
        (changed(TOLD, folders={"inbox": "/in"}), "must be a relative folder"),
        (changed(TOLD, folders={"inbox": "out"}), "must be five different folders"),
        (changed(TOLD, every="PT0S"), "greater than 0"),
        (changed(TOLD, stock={"columns": STOCK["columns"]}), "name the files: `full`, `delta`"),
        (changed(TOLD, stock={"full": ["*"]}), "columns must name those of `sku` and `on_hand`"),
        (
            changed(TOLD, stock={**STOCK, "columns": {"sku": "a", "on_hand": "b", "place": "c"}}),
            "columns must name that of `as_of`, or dates be by `name`",
        ),
        (
            changed(TOLD, stock={**STOCK, "columns": {"sku": "a", "on_hand": "b", "as_of": "c"}}),
            "say `place`, or name its column",
        ),
        (changed(TOLD, stock={**STOCK, "loses_at_most": 1.1}), "less than or equal to 1"),
        (changed(TOLD, stock={**STOCK, "table": {"encoding": "utf-99"}}), "no encoding"),
        (changed(TOLD, stock={**STOCK, "dates": {"zone": "Mars/North"}}), "no time zone"),
        (changed(TOLD, stock={**STOCK, "dates": {"zone": "../etc/passwd"}}), "no time zone"),
        (changed(TOLD, stock={**STOCK, "dates": {"by": "name"}}), "need `pattern` and `format`"),
        (
            changed(TOLD, stock={**STOCK, "dates": {"by": "name", "pattern": "x", "format": "%Y"}}),
            "pattern has the groups `date` and, if any, `sequence`",
        ),
        (changed(TOLD, stock={**STOCK, "dates": {"pattern": "("}}), "no regular expression"),
        (changed(TOLD, orders={"columns": {}}), "name the files of `answers`"),
        (changed(TOLD, orders={"answers": ["*"]}), "those of `number` and `state`; say `states`"),
        (changed(TOLD, orders={**ANSWERS, "states": {"yes": "MAYBE"}}), "Input should be"),
        (changed(TOLD, orders={**ANSWERS, "prefix": "../"}), "should match pattern"),
        (changed(TOLD, listings={"prefix": "../"}), "should match pattern"),
        (changed(TOLD, listings={"columns": {"sku": "a"}}), "those of `sku` and `quantity`"),
        (
            changed(TOLD, listings={"columns": {"sku": "a", "quantity": "a"}}),
            "columns must have different names",
        ),
        (changed(TOLD, listings={"full_at": "03:00+01:00"}), "has no offset of its own"),
        (changed(TOLD, listings={"full_after": 0}), "greater than or equal to 1"),
        (changed(TOLD, sales={**SALES, "files": []}), "at least 1 item"),
        (changed(TOLD, sales={"files": ["*"]}), "those of number, sku, quantity, placed_at"),
        (
            changed(TOLD, sales={**SALES, "columns": without("as_of")}),
            "columns must name that of `as_of`, or dates be by `name`",
        ),
        (changed(TOLD, sales={**SALES, "states": {}}), "a column of `state` needs `states`"),
        (changed(TOLD, sales={**SALES, "states": {"open": "SOLD"}}), "Input should be"),
        (changed(TOLD, sales={**SALES, "currency": "Euro"}), "should match pattern"),
        (
            changed(TOLD, sales={one: SALES[one] for one in SALES if one != "currency"}),
            "say `currency`, or name its column",
        ),
        (changed(TOLD, sales={**SALES, "remembers": "PT1H"}), "greater than or equal to 1 day"),
    ],
)
def test_what_cannot_be_is_told(told: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate(told)

    assert wrong in str(raised.value)
