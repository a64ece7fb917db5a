"""schema.graphql, assembled."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from app.api import enums as _enums  # noqa: F401  registers the enums of the domain
from app.api.context import Context, Info, Languages
from app.api.locations import LocationRoot, location_by_key
from app.api.nodes import Node, split_id
from app.api.paging import bounded
from app.api.products import ProductRoot, products_by_key
from app.api.scalars import SCALARS
from app.api.upstreams import UpstreamRoot
from app.ports import ProductKey


@strawberry.type
class NodeRoot:
    """The root fields of global object identification."""

    @strawberry.field(description="The object with an id; null if there is none.")
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID, strawberry.argument(description="An id of this schema.")
        ],
    ) -> Node | None:
        """One object."""
        return (await _nodes(info.context, [id], info.context.languages(None)))[0]

    @strawberry.field(description="The objects with these ids, in order; null where none is.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids.")],
    ) -> list[Node | None]:
        """Many objects, one question a source."""
        bounded(ids, argument="ids")
        return await _nodes(info.context, ids, info.context.languages(None))


async def _nodes(context: Context, ids: Sequence[str], languages: Languages) -> list[Node | None]:
    named = [split_id(given) for given in ids]
    keys = {
        (kind, key): ProductKey("id" if kind == "Product" else "sku", key)
        for kind, key in named
        if kind in {"Product", "ProductVariant"}
    }
    products = await products_by_key(context, list(keys.values()), languages)
    found: dict[tuple[str, str], Node | None] = {}
    for (kind, key), product in zip(keys, products, strict=True):
        variant = kind == "ProductVariant" and product is not None
        found[kind, key] = product.variant_of(key) if variant and product else product
    for kind, key in named:
        if kind == "Location":
            found[kind, key] = location_by_key(context, key, languages)
    return [found.get(name) for name in named]


@strawberry.type(description="What can be asked.")
class Query(ProductRoot, LocationRoot, NodeRoot, UpstreamRoot):
    """All root fields."""


class Schema(strawberry.Schema):
    """Errors are logged where they are answered, with their operation."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave it to `app.api.http`."""


class GivenDocument(SchemaExtension):
    """Executes the document that was parsed and selected before, instead of parsing again."""

    def on_parse(self) -> Iterator[None]:
        """Hand it over."""
        self.execution_context.graphql_document = self.execution_context.context.document
        yield


def build_schema() -> Schema:
    """The executable schema."""
    return Schema(
        query=Query, extensions=[GivenDocument], config=StrawberryConfig(scalar_map=SCALARS)
    )


def sdl() -> str:
    """The schema in the schema definition language, as committed in `schema.graphql`."""
    return build_schema().as_str() + "\n"
