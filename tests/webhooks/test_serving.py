"""A gateway that serves tells its endpoints by itself."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook as Verifier

from app.errors import MisconfiguredError
from app.main import Gateway
from app.settings import parse
from connectors.kit.serve import serve
from tests.gateways import sandbox_gateway
from tests.streams.served import until
from tests.webhooks.receiving import SECRET, Receiver

PARTNERS = {"acme": {"skus": ["*-M"], "look_every": "PT0.05S"}}


async def test_a_gateway_tells_a_partner_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    receiver = Receiver()
    async with serve(receiver) as url:
        endpoint = {"url": url, "secrets": [{"env": "HOOK"}], "partner": "acme", "within": True}
        async with sandbox_gateway(webhooks={"acme": endpoint}, partners=PARTNERS):
            await until(lambda: len(receiver.taken) > 1)
    first, second = receiver.taken[:2]

    assert first.event["__typename"] == "AssortmentSnapshot"
    assert second.event["__typename"] == "AssortmentDelta"
    assert second.event["entity"].endswith("-M")
    assert second.event["prevSeq"] == first.event["lastSeq"]
    Verifier(SECRET).verify(second.body, dict(second.headers))
    told = datetime.fromtimestamp(int(second.headers["webhook-timestamp"]), UTC)
    assert abs(datetime.now(UTC) - told).total_seconds() < 60


def test_without_its_secret_no_gateway_comes_up() -> None:
    document = {
        "connections": {"shop": {"connector": "made-up"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
        "webhooks": {
            "house": {"url": "https://x.example", "secrets": [{"env": "HOOK"}], "tells": "ORDERS"}
        },
    }
    with pytest.raises(MisconfiguredError, match=r"webhooks\.house\.secrets\.0"):
        Gateway(parse(document), {}, environ={})
