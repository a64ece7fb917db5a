"""A token can be carried by anybody and changed by nobody."""

from datetime import timedelta

import pytest

from app.errors import MisconfiguredError
from app.promises.refusals import TokenRefused
from app.promises.tokens import LegTerms, Signer, Terms
from app.settings import Signing
from tests.promises.worlds import KEY, MONDAY

NEWER = "n" * 32
ISSUED = int(MONDAY.timestamp())
TERMS = Terms(
    issued=ISSUED,
    valid_until=ISSUED + 900,
    channel="WEB",
    method="SHIP_TO_HOME",
    store="",
    area="IT",
    lines="l",
    prices=("p", ""),
    stock="s",
    rules="r",
    factors="f",
    carriers="c",
    currency="EUR",
    fee=490,
    legs=(LegTerms("DC", "STANDARD", "post", "parcel", "", (1, 2), ISSUED, ISSUED + 5, ISSUED),),
)


def test_what_was_signed_is_read_again() -> None:
    assert Signer([KEY]).read(Signer([KEY]).sign(TERMS), now=MONDAY) == TERMS


def test_a_key_can_be_replaced_while_the_old_one_is_still_believed() -> None:
    old, both, new = Signer([KEY]), Signer([KEY, NEWER]), Signer([NEWER])

    assert both.read(old.sign(TERMS), now=MONDAY) == TERMS
    assert new.read(both.sign(TERMS), now=MONDAY) == TERMS
    with pytest.raises(TokenRefused):
        new.read(old.sign(TERMS), now=MONDAY)


@pytest.mark.parametrize("place", range(0, 300, 7))
def test_no_character_can_be_changed(place: int) -> None:
    token = Signer([KEY]).sign(TERMS)
    place %= len(token) - 1  # the last one has bits that mean nothing
    other = "A" if token[place] != "A" else "B"

    with pytest.raises(TokenRefused) as refused:
        Signer([KEY]).read(token[:place] + other + token[place + 1 :], now=MONDAY)
    assert refused.value.code == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["", ".", "a.b", "é" * 10, "x" * 100_000, ".eJw.x"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        Signer([KEY]).read(token, now=MONDAY)


def test_a_token_ends() -> None:
    signer, token = Signer([KEY]), Signer([KEY]).sign(TERMS)

    assert signer.read(token, now=MONDAY + timedelta(days=30)) == TERMS
    with pytest.raises(TokenRefused) as refused:
        signer.read(token, now=MONDAY + timedelta(days=30, seconds=1))
    assert refused.value.code == "TOKEN_EXPIRED"


def test_keys_come_from_the_environment_and_are_long() -> None:
    signing = Signing(current={"env": "NEW"}, previous={"env": "OLD"})
    signer = Signer.of(signing, {"NEW": NEWER, "OLD": KEY}, fallback="")

    assert signer.read(Signer([KEY]).sign(TERMS), now=MONDAY) == TERMS
    assert Signer([NEWER]).read(signer.sign(TERMS), now=MONDAY) == TERMS
    with pytest.raises(MisconfiguredError, match="the environment has no variable"):
        Signer.of(signing, {}, fallback="")
    with pytest.raises(MisconfiguredError, match="at least 32 characters"):
        Signer.of(signing, {"NEW": "short", "OLD": KEY}, fallback="")
