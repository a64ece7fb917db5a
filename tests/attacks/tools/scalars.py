"""What values have the scalars of the schema? Told to schemathesis, which runs this."""

import schemathesis  # type: ignore[import-not-found]  # in an environment of its own
from hypothesis import strategies as some
from hypothesis_graphql import nodes

WORDS = some.text(max_size=120) | some.sampled_from(
    ("WEB", "ST-MIL", "it", "IT", "EUR", "PT1S", "S-1")
)
NAMES = (
    *("Sku", "Gtin", "LocationCode", "ChannelCode", "CurrencyCode", "CountryCode"),
    *("Locale", "Duration", "Date", "DateTime", "Decimal", "Cursor", "Seq", "JSON"),
)
for name in NAMES:
    schemathesis.graphql.scalar(name, WORDS.map(nodes.String))
