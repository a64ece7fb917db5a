"""What must be told to reach a seller, and what is refused?"""

from typing import Any

import pytest
from pydantic import ValidationError

from app.ports import Wiring, provided_ports
from connectors.amazon import Settings, connect
from connectors.amazon.specimen import SETTINGS
from tests.connectors.amazon.seller import a_seller

URL = "https://sellingpartnerapi-eu.amazon.com"


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({**SETTINGS, "url": URL, **changes})


def test_tokens_come_from_amazons_own_address_unless_another_is_told() -> None:
    told = {name: value for name, value in SETTINGS.items() if name != "login_url"}

    assert Settings.model_validate({**told, "url": URL}).login_url == "https://api.amazon.com"


WRONG: dict[str, dict[str, Any]] = {
    "no address": {"url": "sellingpartnerapi-eu.amazon.com"},
    "no address of tokens": {"login_url": "api.amazon.com"},
    "nothing to do": {"orders": None, "listings": None},
    "a word nobody knows": {"region": "eu"},
    "no marketplaces": {"orders": {"marketplaces": [], "since": "2025-06-01T00:00:00Z"}},
    "a time without an offset": {"orders": {"marketplaces": ["A"], "since": "2025-06-01T00:00:00"}},
    "more marketplaces than one call takes": {
        "orders": {"marketplaces": ["A"] * 51, "since": "2025-06-01T00:00:00Z"}
    },
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


@pytest.mark.parametrize(
    ("left_out", "ports"),
    [("orders", {"ListingSink"}), ("listings", {"OrderSource"})],
)
async def test_what_is_not_set_up_the_connection_does_not_do(
    left_out: str, ports: set[str]
) -> None:
    changes: dict[str, Any] = {left_out: None}
    async with a_seller(**changes) as seller:
        assert provided_ports(seller.connection) == ports


async def test_a_connection_is_made_without_a_call() -> None:
    async with a_seller() as seller:
        made = connect(
            settings(),
            Wiring(name="a", http=seller.connection, now=seller.clock.now),  # type: ignore[arg-type]
        )

    assert provided_ports(made) == {"ListingSink", "OrderSource"}
    assert seller.watched.exchanges == []
