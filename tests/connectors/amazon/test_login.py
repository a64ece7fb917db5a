"""Who are we to Amazon, and what if it does not know us?"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest

from app.errors import UpstreamBroken, UpstreamUnauthorized
from app.ports import Wiring
from app.upstream.client import open_client
from app.values import Sku
from connectors.amazon import Settings, connect
from connectors.amazon.specimen import SETTINGS, app
from connectors.amazon.specimen_desk import CLIENT
from connectors.kit.serve import serve
from tests.connectors.amazon.contract import Watched
from tests.connectors.amazon.seller import LOGIN, Clock, Seller, a_seller

SECRETS = [CLIENT["client_secret"], CLIENT["refresh_token"]]


async def ask(seller: Seller) -> None:
    await seller.connection.listings([Sku("BOTTLE")])


def tokens(seller: Seller) -> list[str | None]:
    """Those that were sent, logins apart."""
    asked = (one for one in seller.watched.exchanges if one.path != LOGIN)
    return [one.headers.get("x-amz-access-token") for one in asked]


async def test_a_refresh_token_is_exchanged_once_for_all_calls() -> None:
    async with a_seller() as seller:
        await asyncio.gather(*(ask(seller) for _ in range(10)))

    (login,) = seller.asked(LOGIN)
    assert dict(parse_qsl(login.asked.decode())) == CLIENT
    assert tokens(seller) == ["Atza|1"] * 10


async def test_a_token_is_used_until_shortly_before_its_end() -> None:
    async with a_seller() as seller:
        await ask(seller)
        seller.clock.pass_by(minutes=58)
        await ask(seller)
        seller.clock.pass_by(minutes=1)
        await ask(seller)

    assert tokens(seller) == ["Atza|1", "Atza|1", "Atza|2"]


async def test_a_token_that_ended_is_renewed_once_for_all_who_wait() -> None:
    async with a_seller() as seller:
        await ask(seller)
        seller.clock.pass_by(hours=2)
        await asyncio.gather(*(ask(seller) for _ in range(10)))

    assert len(seller.asked(LOGIN)) == 2
    assert tokens(seller) == ["Atza|1"] + ["Atza|2"] * 10


async def test_a_token_that_amazon_took_back_is_renewed_once() -> None:
    async with a_seller() as seller:
        await ask(seller)
        seller.amazon.login.ends.clear()
        await asyncio.gather(*(ask(seller) for _ in range(5)))

    assert len(seller.asked(LOGIN)) == 2
    assert tokens(seller)[-1] == "Atza|2"


async def test_wrong_credentials_are_told_without_a_secret_and_not_tried_again() -> None:
    async with a_seller() as seller:
        seller.amazon.login.client["client_secret"] = "another"
        with pytest.raises(UpstreamUnauthorized) as first:
            await ask(seller)
        with pytest.raises(UpstreamUnauthorized) as second:
            await ask(seller)
        tried = len(seller.asked(LOGIN))
        seller.amazon.login.client = dict(CLIENT)
        seller.clock.pass_by(minutes=2)
        await ask(seller)

    assert str(first.value) == "refused the login with invalid_grant"
    assert str(second.value) == ("the last login was refused: refused the login with invalid_grant")
    assert tried == 1
    assert tokens(seller) == ["Atza|1"]


@pytest.mark.parametrize("lasts", ["3600", None, 3.5])
async def test_an_answer_that_does_not_say_how_long_a_token_lasts_is_broken(lasts: Any) -> None:
    async with a_seller() as seller:
        seller.amazon.login.said = lasts
        with pytest.raises(UpstreamBroken, match="answered login without an access token"):
            await ask(seller)

    assert tokens(seller) == []


async def test_tokens_come_from_another_address_than_the_rest() -> None:
    """As with Amazon itself, whose tokens are handed out elsewhere."""
    clock = Clock()
    made: Any = app(clock=clock.now)
    desk, rest = Watched(made), Watched(made)
    async with serve(desk) as login_url, serve(rest) as url, open_client("amazon", url) as http:
        settings = Settings.model_validate({**SETTINGS, "login_url": login_url, "url": url})
        wiring = Wiring(name="amazon", http=http, now=clock.now)
        found = await connect(settings, wiring).listings([Sku("BOTTLE")])

    assert [row.sku for row in found.rows] == ["BOTTLE"]
    assert [one.path for one in desk.exchanges] == [LOGIN]
    assert LOGIN not in [one.path for one in rest.exchanges]


def test_secrets_are_shown_nowhere() -> None:
    shown = repr(Settings.model_validate({**SETTINGS, "url": "http://localhost"}))

    assert [secret for secret in SECRETS if secret in shown] == []
