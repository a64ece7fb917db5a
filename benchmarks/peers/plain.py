"""Strawberry as it comes: its own ASGI application, its DataLoader, graphql-core's executor."""

from collections.abc import Mapping
from typing import Any

import strawberry
from starlette.types import ASGIApp
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig

from app.api.scalars import SCALARS
from benchmarks.peers.nouns import Availability, Price, Row, Stored, Variant, query_over, up_to

Loaders = Mapping[str, DataLoader[Any, Any]]
Info = strawberry.Info[Loaders, None]


@strawberry.type
class ProductVariant(Variant):
    """Its price and stock are loaded with those of its neighbours."""

    @strawberry.field
    async def price(self, info: Info) -> Price | None:
        """What it costs."""
        price: Price | None = await info.context["prices"].load(self)
        return price

    @strawberry.field
    async def availability(self, info: Info, first: int | None = None) -> list[Availability]:
        """Where it stands."""
        levels: list[Availability] = await info.context["levels"].load(self)
        return up_to(first, levels)


class Served(GraphQL[Loaders, None]):
    """Strawberry's application, with loaders for each request."""

    def __init__(self, schema: strawberry.Schema, stored: Stored) -> None:
        super().__init__(schema, graphql_ide=None)
        self._stored = stored

    async def get_context(self, request: Any, response: Any) -> Loaders:  # noqa: ARG002
        """New loaders."""
        return {
            "prices": DataLoader(self._prices, cache=False),
            "levels": DataLoader(self._levels, cache=False),
        }

    async def _prices(self, variants: list[Variant]) -> list[Price | None]:
        return self._stored.prices(variants)

    async def _levels(self, variants: list[Variant]) -> list[list[Availability]]:
        return self._stored.availability(variants, None)


def schema(data: Row) -> strawberry.Schema:
    """The schema over the data."""
    config = StrawberryConfig(scalar_map=SCALARS)
    return strawberry.Schema(query_over(data, ProductVariant), config=config)


def application(data: Row) -> ASGIApp:
    """The application over the data."""
    return Served(schema(data), Stored(data))
