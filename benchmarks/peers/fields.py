"""The schema of the peers as Tessera writes one: fields that need the outside take batches."""

from collections.abc import Sequence

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.api.batching import batched
from app.api.context import Context
from app.api.scalars import SCALARS
from app.api.schema import GivenDocument, Schema
from benchmarks.peers.nouns import Availability, Price, Row, Stored, Variant, query_over


def schema(data: Row) -> Schema:
    """The schema over the data."""
    stored = Stored(data)

    async def costs(variants: Sequence[Variant], context: Context) -> Sequence[Price | None]:
        del context
        return stored.prices(variants)

    async def stands(
        variants: Sequence[Variant], context: Context, *, first: int | None = None
    ) -> Sequence[list[Availability]]:
        del context
        return stored.availability(variants, first)

    @strawberry.type
    class ProductVariant(Variant):
        price: Price | None = batched(costs, description="What it costs.")
        availability: list[Availability] = batched(stands, description="Where it stands.")

    return Schema(
        query=query_over(data, ProductVariant),
        extensions=[GivenDocument],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
