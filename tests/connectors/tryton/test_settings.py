from typing import Any

import pytest
from pydantic import ValidationError

from tests.connectors.tryton.upstream import settings


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "ftp://erp.test"}, "url"),
        ({"database": ""}, "database"),
        ({"database": "shop/../other"}, "database"),
        ({"username": "a:b"}, "username"),
        ({"password": ""}, "password"),
        ({"prices": "list_price"}, "prices"),
        ({"tills": "perhaps"}, "tills"),
        ({"company": 1}, "company"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**changed)

    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


def test_the_password_is_not_shown() -> None:
    assert "s3cret" not in repr(settings())
