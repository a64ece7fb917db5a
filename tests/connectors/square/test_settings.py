from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.square import Settings

TOLD: dict[str, Any] = {"url": "https://connect.squareup.com/", "access_token": "s3cret"}


def test_an_address_and_a_token_are_enough() -> None:
    settings = Settings.model_validate(TOLD)

    assert settings.url == "https://connect.squareup.com"
    assert settings.version == "2025-08-20"
    assert settings.ids_kept == timedelta(minutes=10)
    assert (settings.prices, settings.loyalty, settings.customers) == (None, None, None)
    assert not settings.receipts
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "connect.squareup.com"}, "must begin with https:// or http://"),
        ({"version": "latest"}, "should match pattern"),
        ({"ids_kept": "PT0S"}, "greater than 0"),
        ({"ids_kept": "P2D"}, "less than or equal to 1 day"),
        ({"token": "t"}, "Extra inputs are not permitted"),
        ({"loyalty": {}}, "Field required"),
        ({"loyalty": {"location": ""}}, "at least 1 character"),
        ({"prices": {}}, "Field required"),
    ],
)
def test_what_cannot_be_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate({**TOLD, **changes})
