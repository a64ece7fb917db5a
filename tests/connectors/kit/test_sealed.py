"""A sealed cursor is one that was handed out, for this list, under this secret."""

from base64 import urlsafe_b64encode

import pytest

from app.errors import InvalidInputError
from connectors.kit.sealed import Seal

SEAL = Seal("a secret")


@pytest.mark.parametrize("cursor", ["", "17", "CAISEgoQ==", "été", "a" * 300])
def test_a_cursor_comes_back_as_the_vendor_told_it(cursor: str) -> None:
    sealed = SEAL.sealed(cursor, "MEMBER-1")

    assert (SEAL.opened(sealed, "MEMBER-1"), Seal("a secret").sealed(cursor, "MEMBER-1")) == (
        cursor,
        sealed,
    )


@pytest.mark.parametrize(
    "after",
    ["", "rubbish", "=", "ünlesbar", "a", "A" * 16, urlsafe_b64encode(bytes(12) + b"17").decode()],
)
def test_what_a_client_made_up_is_its_mistake(after: str) -> None:
    with pytest.raises(InvalidInputError, match="not a cursor of this list") as caught:
        SEAL.opened(after, "MEMBER-1")

    assert caught.value.argument == "after"


@pytest.mark.parametrize(
    ("secret", "cursor", "of"),
    [
        ("another", "17", "MEMBER-1"),
        ("a secret", "17", "MEMBER-2"),
        ("a secret", "17", "MEMBER-11"),
        ("a secret", "117", "MEMBER-"),
    ],
)
def test_a_seal_is_of_one_list_and_one_secret(secret: str, cursor: str, of: str) -> None:
    with pytest.raises(InvalidInputError):
        SEAL.opened(Seal(secret).sealed(cursor, of), "MEMBER-1")


def test_a_seal_does_not_pass_to_another_cursor() -> None:
    sealed = SEAL.sealed("17", "MEMBER-1")

    with pytest.raises(InvalidInputError):
        SEAL.opened(sealed[:-1] + ("A" if sealed[-1] != "A" else "I"), "MEMBER-1")
