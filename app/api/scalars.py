"""Identifiers, money and time keep their meaning all the way to the client."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from graphql import GraphQLError, GraphQLID
from pydantic import TypeAdapter, ValidationError
from strawberry import scalar
from strawberry.types.scalar import ScalarDefinition

from app.events.model import Cursor, Seq
from app.values import (
    LONGEST_CODE,
    ChannelCode,
    CountryCode,
    CurrencyCode,
    Gtin,
    Locale,
    LocationCode,
    Sku,
)

LONGEST_CURSOR = 500
NOT_AN_ID = "ID is a string, or an integer of up to 64 bits: send a longer one as a string."
_durations = TypeAdapter(timedelta)


def _code(name: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise GraphQLError(f"{name} is a non-empty string.")
        if len(value) > LONGEST_CODE:
            raise GraphQLError(f"{name} has at most {LONGEST_CODE} characters.")
        return value

    return parse


def _duration(value: Any) -> timedelta:
    try:
        duration = _durations.validate_strings(value)
    except ValidationError as error:
        raise GraphQLError("Duration is ISO 8601, such as PT30S or P1D.") from error
    if duration < timedelta():
        raise GraphQLError("Duration is not negative.")
    return duration


def _cursor(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST_CURSOR:
        raise GraphQLError(f"Cursor is a string of 1 to {LONGEST_CURSOR} characters.")
    return value


_id_of_others = GraphQLID.coerce_input_value


def _id(value: Any) -> Any:
    """An integer beyond 64 bits is a float by now, and rounded: it would name something else."""
    if isinstance(value, float):
        raise GraphQLError(NOT_AN_ID)
    return _id_of_others(value)


# There is one ID in a process: graphql-core has no other type of this name, and so no copy of it.
GraphQLID.coerce_input_value = GraphQLID.parse_value = _id  # type: ignore[method-assign]


def iso_duration(value: timedelta) -> str:
    """ISO 8601, such as `PT30S`. Ages below a minute, as nearly all are, need no library."""
    seconds, micros = value.seconds, value.microseconds
    if value.days or seconds >= 60:  # noqa: PLR2004  of a minute
        return str(_durations.dump_python(value, mode="json"))
    return f"PT{seconds}.{micros:06}".rstrip("0") + "S" if micros else f"PT{seconds}S"


def _named(name: str, description: str) -> ScalarDefinition:
    return scalar(name=name, description=description, serialize=str, parse_value=_code(name))


SCALARS: dict[object, ScalarDefinition] = {
    Sku: _named("Sku", "The retailer's own key of one sellable variant, the same in all systems."),
    Gtin: _named("Gtin", "GS1 Global Trade Item Number: 8, 12, 13 or 14 digits."),
    LocationCode: _named("LocationCode", "The retailer's own code of a location."),
    ChannelCode: _named("ChannelCode", "The retailer's own code of a sales channel."),
    CurrencyCode: _named("CurrencyCode", "ISO 4217 currency, such as EUR."),
    CountryCode: _named("CountryCode", "ISO 3166-1 alpha-2 country, such as IT."),
    Locale: _named("Locale", "BCP 47 language tag, such as it or de-CH."),
    Cursor: scalar(
        name="Cursor",
        description="A place in a stream of events: opaque, and good for that stream only.",
        serialize=str,
        parse_value=_cursor,
    ),
    Seq: scalar(
        name="Seq",
        description="The number of an event, an integer of up to 53 bits that only grows.",
        serialize=int,
    ),
    timedelta: scalar(
        name="Duration",
        description="A length of time in ISO 8601, such as PT30S or P1D.",
        specified_by_url="https://scalars.graphql.org/chillicream/duration.html",
        serialize=iso_duration,
        parse_value=_duration,
    ),
}
