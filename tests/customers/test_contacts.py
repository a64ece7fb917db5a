"""Two contacts are the same only when they are written the same; what looks the same is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customers.contacts import card, email, look_of, phone
from app.customers.refusals import InvalidCustomerInput
from app.values import CountryCode

LATIN = "paypal@example.com"
CYRILLIC = "p\u0430yp\u0430l@example.com"
IT = CountryCode("IT")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada+shop@example.com ", "ada+shop@example.com"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@B\u00dcCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("JOS\u00c9@example.com", "jos\u00c9@example.com"),
    ],
)
def test_an_address_has_one_form(said: str, kept: str) -> None:
    assert email(said).value == kept


@pytest.mark.parametrize(
    "said",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a b@example.com",
        "ada\x00@example.com",
        "ada@exam ple.com",
        "ada@-example.com",
        "\uff41da@example.com",  # a full-width letter, that compatibility would make a Latin one
        "\u212aate@example.com",  # the sign of kelvin, that is a K to NFC
        "ada@\u212aate.com",
        "ada@example\u3002com",  # an ideographic full stop
        f"{'a' * 65}@example.com",
        f"ada@{'a.' * 130}com",
    ],
)
def test_what_is_no_address_is_refused_without_being_told(said: str) -> None:
    with pytest.raises(InvalidCustomerInput) as refused:
        email(said)
    assert str(refused.value) == "email is not an address."
    assert refused.value.path == ("email",)


def test_what_looks_the_same_is_another_address_with_the_same_look() -> None:
    assert email(CYRILLIC) != email(LATIN)
    assert look_of(email(CYRILLIC)) == look_of(email(LATIN)) == LATIN
    domain = email("ada@ex\u0430mple.com")
    assert domain.value == "ada@xn--exmple-4nf.com"
    assert look_of(domain) == "ada@example.com"


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_two_texts_are_taken_for_one_address_unless_they_differ_in_case_alone(
    one: str, other: str
) -> None:
    try:
        first, second = email(f"{one}@example.com"), email(f"{other}@example.com")
    except InvalidCustomerInput:
        return
    if first == second and one.strip().isascii():
        assert one.strip().lower() == other.strip().lower()


@pytest.mark.parametrize(
    ("said", "country"),
    [
        ("+39 045 800 0000", None),
        ("0039 (045) 800-0000", IT),
        ("045/8000000", IT),
        ("tel:+39-045-800-0000", None),
        ("\uff0b\uff13\uff19 \uff10\uff14\uff15 800 0000", None),  # full-width digits are digits
        ("+39 045 800 0000", CountryCode("DE")),
    ],
)
def test_a_number_has_one_form_however_it_is_written(
    said: str, country: CountryCode | None
) -> None:
    assert phone(said, country).value == "+390458000000"


@pytest.mark.parametrize(
    "said", ["", "12", "call me", "045 811 0000", "+39 045 800 0000 ext. 7", "+999 123 4567890"]
)
def test_what_nobody_can_dial_is_refused_without_being_told(said: str) -> None:
    with pytest.raises(InvalidCustomerInput) as refused:
        phone(said)
    assert refused.value.path == ("phone",)
    assert not said or said not in str(refused.value)


def test_a_card_has_one_form() -> None:
    assert card("tc 0001-2345").value == "TC00012345"
    for wrong in ("", "T!", "\uff11\uff12\uff13\uff14\uff15"):
        with pytest.raises(InvalidCustomerInput):
            card(wrong)
