"""The customer directory in miniature."""

from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers

from app.ports import Contact, ContactKind, CustomerKey
from connectors.kit.specimen import CustomersSpecimen, Effect
from connectors.square.specimen_desk import NOT_FOUND, NOW, Body, Json, RefusedError, cut
from connectors.square.specimen_loyalty import ALICE, BASIL

DARIA, ALICIA, VASILY = "CUSTOMER-9", "CUSTOMER-1", "CUSTOMER-2"
IDS_PER_CALL = 100
Handler = Callable[..., Json]


def _profile(own: str, given: str, family: str, **told: Any) -> Json:
    return {
        "id": own,
        "created_at": "2025-02-03T10:15:54.59Z",
        "updated_at": NOW,
        "given_name": given,
        "family_name": family,
        "preferences": {"email_unsubscribed": False},
        "creation_source": "DIRECTORY",
        "version": 1,
        **told,
    }


PROFILES: tuple[Json, ...] = (
    _profile(
        DARIA,
        "Daria",
        "Quill",
        email_address="Daria.Quill@example.com",
        phone_number="085 000 0004",
        address={
            "address_line_1": "7 Quay Street",
            "locality": "Galway",
            "postal_code": "H91 E2R6",
            "country": "IE",
        },
        birthday="1990-04-01",
        note="Likes ropes",
        group_ids=["GROUP-CLIMBERS"],
    ),
    _profile(ALICIA, "Alice", "Moss", email_address="alice@example.com", phone_number=ALICE),
    _profile(VASILY, "Basil", "Reed", phone_number=BASIL, reference_id="OURS-77"),
)
ATTRIBUTES: Mapping[str, list[Json]] = {
    DARIA: [
        {
            "key": "favourite-sport",
            "value": "climbing",
            "version": 1,
            "visibility": "VISIBILITY_READ_ONLY",
            "created_at": NOW,
            "updated_at": NOW,
        }
    ]
}
KNOWN_BY = (
    Contact(ContactKind.EMAIL, "daria.quill@example.com"),
    Contact(ContactKind.PHONE, ALICE),
    Contact(ContactKind.LOYALTY_CARD, "4000123"),
)
WORDS = ("Daria", "Quill", "daria.quill@example.com", "+353850000004", "7 Quay Street")


class TinyDirectory:
    """Answers about customers."""

    def __init__(self, page: int = 1000) -> None:
        self._page = page
        self.profiles = {one["id"]: one for one in PROFILES}
        self.handlers: Mapping[tuple[str, str], Handler] = {
            ("POST", "/v2/customers/search"): self._search,
            ("POST", "/v2/customers/bulk-retrieve"): self._retrieve,
            ("DELETE", "/v2/customers/{customer_id}"): self._delete,
            ("GET", "/v2/customers/{customer_id}/custom-attributes"): self._attributes,
        }

    def _search(self, asked: Body) -> Json:
        wanted = asked["query"]["filter"]
        if len(wanted) != 1:
            raise RefusedError("INVALID_VALUE")
        ((name, how),) = wanted.items()
        read = {"email_address": str.casefold, "phone_number": _number}.get(name, str)
        said = read(how["exact"])
        found = [one for one in self.profiles.values() if name in one and read(one[name]) == said]
        limit = asked.get("limit", 100)
        if limit > 100:  # noqa: PLR2004  the documented maximum
            raise RefusedError("VALUE_TOO_HIGH")
        shorter = {**asked, "limit": min(limit, self._page)}
        return cut(found, shorter, name="customers", most=100)

    def _retrieve(self, asked: Body) -> Json:
        if len(asked["customer_ids"]) > IDS_PER_CALL:
            raise RefusedError("ARRAY_LENGTH_TOO_LONG")
        gone = RefusedError("NOT_FOUND").document
        known = {own: {"customer": one} for own, one in self.profiles.items()}
        return {"responses": {own: known.get(own, gone) for own in asked["customer_ids"]}}

    def _delete(self, _asked: Body, own: str) -> Json:
        if self.profiles.pop(own, None) is None:
            raise RefusedError("NOT_FOUND", status=NOT_FOUND)
        return {}

    def _attributes(self, _asked: Body, own: str) -> Json:
        if own not in self.profiles:
            raise RefusedError("NOT_FOUND", status=NOT_FOUND)
        rows = ATTRIBUTES.get(own)
        return {} if rows is None else {"custom_attributes": rows}


def _number(said: str) -> str:
    """The form in which Square compares numbers."""
    form = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(phonenumbers.parse(said, "IE"), form)


KEYS = tuple(map(CustomerKey, (DARIA, ALICIA, VASILY)))


def _named(app: Any) -> list[Effect]:
    """Whom the directory names, past the connector."""
    return [(own, None) for own in app.state.square.people.profiles if own in KEYS]


def customers_specimen() -> CustomersSpecimen:
    """The customers whom the suites ask for. The first one is no member of the programme."""
    return CustomersSpecimen(
        keys=KEYS,
        contacts=KNOWN_BY,
        unknown=lambda number: CustomerKey(f"NO-SUCH-CUSTOMER-{number:04}"),
        held=_named,
        words=WORDS,
    )
