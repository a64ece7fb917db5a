"""A mistake in the file is one line that says where it is and what to write."""

from pathlib import Path
from typing import Any

import pytest

from app import settings as config
from app.errors import MisconfiguredError
from app.ports import find_connectors
from app.upstream.registry import plan
from connectors.kit.manifests import CONNECTORS

GOOD: dict[str, Any] = {
    "connections": {
        "shop": {
            "connector": "vendure",
            "settings": {
                "url": "http://127.0.0.1:1",
                "username": "tessera",
                "password": {"env": "SHOP_PASSWORD"},
            },
        }
    },
    "bind": {"catalogue": "shop", "prices": "shop", "stock": {"shop": ["*"]}},
    "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
}
ONE_POINT = {"size": 1, "restore_rate": 1}
SECRETS = {"SHOP_PASSWORD": "hunter2"}


def changed(*path: str, to: Any) -> dict[str, Any]:
    """GOOD with one thing different."""
    document: dict[str, Any] = {**GOOD}
    at = document
    for step in path[:-1]:
        at[step] = {**at.get(step, {})}
        at = at[step]
    at[path[-1]] = to
    return document


def problems(document: dict[str, Any], environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(MisconfiguredError) as told:
        plan(
            config.parse(document),
            find_connectors(CONNECTORS),
            SECRETS if environ is None else environ,
        )
    return told.value.problems


def test_good_settings_are_planned_and_secrets_fetched() -> None:
    planned = plan(config.parse(GOOD), find_connectors(CONNECTORS), SECRETS)

    settings = planned["shop"].settings
    assert settings.model_dump()["password"].get_secret_value() == "hunter2"
    assert "hunter2" not in repr(planned)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            changed("conections", to={}),
            "conections: unknown key 'conections', did you mean 'connections'?",
        ),
        (
            changed("channels", "WEB", "curency", to="EUR"),
            "channels.WEB.curency: unknown key 'curency', did you mean 'currency'?",
        ),
        (
            changed("freshness", to={"stock": {"fresh_fro": "PT5S"}}),
            "freshness.stock.fresh_fro: unknown key 'fresh_fro', did you mean 'fresh_for'?",
        ),
        (
            changed("requests", to={"budget": "PT0S"}),
            "requests.budget: Input should be greater than 0 seconds",
        ),
        (
            changed("channels", "WEB", "currency", to="euro"),
            "channels.WEB.currency: String should match pattern '^[A-Z]{3}$'",
        ),
        (
            changed("locations", to={"ST-1": {"time_zone": "Europe/Roma"}}),
            (
                "locations.ST-1.time_zone: 'Europe/Roma' is not an IANA time zone such as"
                " 'Europe/Rome'"
            ),
        ),
        (
            changed("locations", to={"ST-1": {"opening_hours": "always"}}),
            (
                "locations.ST-1.opening_hours: 'always' is not an OpenStreetMap opening_hours"
                " expression such as 'Mo-Sa 09:00-19:00; PH off'"
            ),
        ),
        (
            changed("bind", "catalogue", to="shpo"),
            "bind.catalogue names unknown connection 'shpo', did you mean 'shop'?",
        ),
        (
            changed("default_channel", to="POS"),
            "default_channel names unknown channel 'POS', known: WEB",
        ),
        (
            changed("connections", "shop", "connector", to="vendur"),
            "connections.shop.connector: unknown connector 'vendur', did you mean 'vendure'?",
        ),
        (
            changed("connections", "shop", "settings", "usernme", to="x"),
            "connections.shop.settings.usernme: unknown key 'usernme', did you mean 'username'?",
        ),
        (
            changed("connections", "shop", "settings", "password", to="hunter2"),
            (
                "connections.shop.settings.password: a secret does not belong in this file; write"
                ' { env = "NAME" } or { file = "/path" }'
            ),
        ),
        (
            changed("connections", "shop", "settings", "password", to={"env": "OTHER"}),
            "connections.shop.settings.password: the environment has no variable OTHER",
        ),
        (
            changed("connections", "shop", "settings", "password", to={"file": "/nowhere"}),
            "connections.shop.settings.password: the file /nowhere cannot be read",
        ),
        (
            changed("documents", to={"mode": "warn"}),
            "documents: mode 'warn' needs files or a folder of documents",
        ),
        (
            changed("documents", to={"mode": "enforce", "folder": "x", "automatic": True}),
            (
                "documents: automatic persisted queries let every client register documents:"
                " switch them off, or do not enforce trusted documents"
            ),
        ),
        (
            changed("budget", to={**ONE_POINT, "networks": {"10.0.0.1/8": ONE_POINT}}),
            (
                "budget.networks.10.0.0.1/8: '10.0.0.1/8' is not a network such as '10.0.0.0/8',"
                " or an address"
            ),
        ),
        (
            changed("budget", to={"size": 10, "restore_rate": 1, "processs": 2}),
            "budget.processs: unknown key 'processs', did you mean 'processes'?",
        ),
        (
            changed("server", to={"trusted_proxies": ["*"]}),
            "server.trusted_proxies.0: '*' is not a network such as '10.0.0.0/8', or an address",
        ),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_change(
    document: dict[str, Any], told: str
) -> None:
    assert problems(document) == (told,)


def test_all_mistakes_are_told_at_once() -> None:
    document = changed("channels", "WEB", "curency", to="EUR")
    document["bnd"] = {}

    assert problems(document) == (
        "channels.WEB.curency: unknown key 'curency', did you mean 'currency'?",
        "bnd: unknown key 'bnd', did you mean 'bind'?",
    )


def test_a_binding_to_a_connection_without_the_port_says_what_it_has() -> None:
    document = changed(
        "connections",
        "tills",
        to={"connector": "sandbox", "settings": {"url": "embedded", "system": "tills"}},
    )
    document["bind"] = {"catalogue": "tills", "prices": "shop"}
    document["loyalty"] = {"programme": "tills", "receipts": ["shop"]}
    has = (
        "it has: CustomerDirectory, LocationSource, LoyaltyProgram, PurchaseHistory, ReceiptSource,"
        " StockSource"
    )

    first, second = problems(document)

    assert first == f"bind.catalogue: connection 'tills' has no CatalogSource, {has}"
    assert second.startswith("loyalty.receipts.shop: connection 'shop' has no ReceiptSource,")
    document["loyalty"] = {"programme": "tils"}
    assert problems(document) == (
        "loyalty.programme names unknown connection 'tils', did you mean 'tills'?",
    )


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    document = changed(
        "connections", "shop", "settings", "password", to={"file": str(tmp_path / "password")}
    )

    planned = plan(config.parse(document), find_connectors(CONNECTORS), {})

    assert planned["shop"].settings.model_dump()["password"].get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[connections", "{file}: is not TOML: Expected ']' at the end of a table declaration"),
        (b"\xff", "{file}: cannot be read: it is not UTF-8"),
        (b"x = 1", "{file}: connections: Field required"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "tessera.toml"
    file.write_bytes(content)
    with pytest.raises(MisconfiguredError) as error:
        config.load(file)

    assert error.value.problems[0].startswith(told.format(file=file))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="cannot be read: No such file or directory"):
        config.load(tmp_path / "nowhere.toml")


def test_stock_of_one_location_is_known_by_one_connection() -> None:
    document = changed("bind", "stock", to={"shop": ["ST-*", "ECOM-*"]})
    bind = config.parse(document).bind

    assert [bind.stock_source(code) for code in ("ST-1", "ECOM-9", "WH-1")] == [
        "shop",
        "shop",
        None,
    ]


def test_a_section_given_in_part_keeps_the_other_defaults() -> None:
    settings = config.parse(changed("freshness", to={"stock": {"fresh_for": "PT9S"}}))

    assert settings.freshness.stock.fresh_for.total_seconds() == 9
    assert settings.freshness.stock.if_error_for.total_seconds() == 60
    assert settings.freshness.catalogue == config.CatalogueWindows()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("embedded", None),
        ("sqlite:////var/lib/tessera.db", "sqlite:////var/lib/tessera.db"),
        ("postgresql://tessera@db/retail", "postgresql://tessera@db/retail"),
        ({"env": "STORE"}, "postgresql://tessera:hunter2@db/retail"),
    ],
)
def test_the_store_is_where_the_settings_say(url: object, address: str | None) -> None:
    settings = config.parse(changed("store", to={"url": url}))

    found = settings.store.address({"STORE": "postgresql://tessera:hunter2@db/retail"})

    assert found == address
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        {"env": "NOWHERE"},
        {"file": "/nowhere"},
        7,
        ["postgresql://db"],
        "postgresql://u:hunter2@db/retail",
    ],
)
def test_a_store_that_is_nowhere_is_told_by_its_key(url: object) -> None:
    settings = config.parse(changed("store", to={"url": url}))

    with pytest.raises(MisconfiguredError, match=r"^store\.url: ") as told:
        settings.store.address({})
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lifetime", "PT0S"),
        ("hold_for", "PT0S"),
        ("hold_for", "P2D"),
        ("hand_over_within", "PT1H"),
        ("keys_for", "PT1H"),
    ],
)
def test_carts_last_neither_for_ever_nor_for_no_time(key: str, value: str) -> None:
    with pytest.raises(MisconfiguredError, match=f"carts.{key}"):
        config.parse(changed("carts", key, to=value))
