"""What the README shows is what happens."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app import settings as config
from app.ports import find_connectors
from app.upstream.registry import plan
from connectors.kit.manifests import CONNECTORS
from tests.gateways import sandbox_gateway

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(kind: str) -> str:
    [found] = re.findall(rf"```{kind}\n(.*?)```", README, flags=re.DOTALL)
    return str(found)


def shape(value: Any) -> Any:
    """The value with its numbers and texts replaced by their types."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


async def test_the_first_query_is_answered_as_shown() -> None:
    shown = json.loads(block("json"))
    async with sandbox_gateway() as sandbox:
        body = await sandbox.ask(block("graphql"))

    answered = {"data": body["data"]}
    for one in (shown, answered):
        for availability in one["data"]["products"]["edges"][0]["node"]["variants"][0][
            "availability"
        ]:
            availability.pop("availableToSell")  # it moves with the clock
            availability.pop("status")
    assert shape(answered) == shape(shown)
    assert [edge["node"]["name"] for edge in answered["data"]["products"]["edges"]] == [
        edge["node"]["name"] for edge in shown["data"]["products"]["edges"]
    ]


def test_the_settings_shown_are_sound(tmp_path: Path) -> None:
    secret = tmp_path / "erp"
    secret.write_text("secret")
    text = block("toml").replace("/run/secrets/erp", str(secret))

    planned = plan(
        config.parse(tomllib.loads(text)),
        find_connectors(CONNECTORS),
        {"SHOP_PASSWORD": "secret"},
    )

    assert set(planned) == {"shop", "erp"}


def test_the_settings_of_documents_and_budgets_shown_are_sound() -> None:
    [text] = re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs/trusted-documents.md").read_text(), flags=re.DOTALL
    )

    settings = config.parse(tomllib.loads(block("toml") + text))

    assert settings.documents.mode == "warn"
    assert settings.budget is not None
    assert [str(network) for network in settings.budget.networks] == ["10.20.0.0/16"]
    assert settings.redis is not None


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"])
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())

    assert [one for one in targets if not (page.parent / one).exists()] == []
