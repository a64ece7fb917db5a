"""A second subgraph, by another implementation of federation: reviews of what Tessera sells."""

from dataclasses import dataclass, field
from typing import Any, NewType

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from strawberry import federation
from strawberry.schema.config import StrawberryConfig

Sku = NewType("Sku", str)
LocationCode = NewType("LocationCode", str)


def stars_of(key: str) -> int:
    """One to five, always the same for a key."""
    return sum(key.encode()) % 5 + 1


@federation.type(keys=["id"])
class Product:
    id: strawberry.ID

    @strawberry.field
    def stars(self) -> int:
        return stars_of(self.id)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Product":  # noqa: A002  the key's name
        return cls(id=id)


@federation.type(keys=["sku"])
class ProductVariant:
    sku: Sku

    @classmethod
    def resolve_reference(cls, sku: str) -> "ProductVariant":
        return cls(sku=Sku(sku))


@federation.type(keys=["code"])
class Location:
    code: LocationCode

    @classmethod
    def resolve_reference(cls, code: str) -> "Location":
        return cls(code=LocationCode(code))


@dataclass
class Reviews:
    """Serves the subgraph. `praised` is what it refers to; `asked` every request's variables."""

    praised: dict[str, list[str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def schema(self) -> federation.Schema:
        praised = self.praised

        @strawberry.type
        class Query:
            @strawberry.field
            def best_products(self) -> list[Product | None]:
                return [Product(id=strawberry.ID(one)) for one in praised["products"]]

            @strawberry.field
            def best_variants(self) -> list[ProductVariant | None]:
                return [ProductVariant(sku=Sku(one)) for one in praised["variants"]]

            @strawberry.field
            def best_locations(self) -> list[Location]:
                return [Location(code=LocationCode(one)) for one in praised["locations"]]

        config = StrawberryConfig(
            scalar_map={
                Sku: strawberry.scalar(name="Sku", serialize=str, parse_value=str),
                LocationCode: strawberry.scalar(
                    name="LocationCode", serialize=str, parse_value=str
                ),
            }
        )
        return federation.Schema(query=Query, config=config, federation_version="2.7")

    def app(self) -> Starlette:
        schema = self.schema()

        async def answer(request: Request) -> Response:
            asked = await request.json()
            self.asked.append(asked.get("variables") or {})
            result = await schema.execute(asked["query"], asked.get("variables"))
            errors = [error.formatted for error in result.errors or ()]
            return JSONResponse({"data": result.data, **({"errors": errors} if errors else {})})

        return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
