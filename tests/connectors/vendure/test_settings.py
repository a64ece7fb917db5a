import pytest
from pydantic import ValidationError

from app.values import ChannelCode, Locale
from connectors.vendure import Settings

BY_NAME = {"url": "https://shop.example/", "username": "reader", "password": "secret"}


def settings(**changes: object) -> Settings:
    return Settings.model_validate(BY_NAME | changes)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "give username and password, or api_key"),
        ({"username": "reader"}, "give username and password, or api_key"),
        ({"password": "secret"}, "give username and password, or api_key"),
        (
            {"username": "reader", "password": "secret", "api_key": "key"},
            "give either username and password or api_key, not both",
        ),
        (
            {"username": "reader", "api_key": "key"},
            "give either username and password or api_key, not both",
        ),
    ],
)
def test_there_is_exactly_one_way_in(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate({"url": "https://shop.example", **given})

    assert [error["msg"] for error in refusal.value.errors()] == [f"Value error, {told}"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "shop.example"},
        {"page_size": 0},
        {"page_size": 1001},
        {"gtin_field": "gtin } secrets { password"},
        {"money_decimals": {"JPY": -1}},
        {"surprise": True},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_secrets_do_not_show_and_the_address_ends_without_a_slash() -> None:
    given = settings()

    assert "'secret'" not in repr(given)
    assert given.url == "https://shop.example"


@pytest.mark.parametrize(
    ("wanted", "served"),
    [("it", "it"), ("it-CH", "it"), ("pt-BR-x-shop", "pt-BR"), ("pt", "en"), ("fr", "en")],
)
def test_a_language_is_served_by_its_parent_or_the_default(wanted: str, served: str) -> None:
    assert settings(languages=["it", "pt-BR"]).language(Locale(wanted)) == served


def test_a_channel_has_its_own_token_or_the_default() -> None:
    given = settings(channel_tokens={"APP": "app-token"}, default_channel="main-token")

    assert given.channel_header(ChannelCode("APP")) == "app-token"
    assert given.channel_header(ChannelCode("POS")) == "main-token"
    assert given.channel_header(None) == "main-token"
    assert settings().channel_header(ChannelCode("APP")) is None
