"""schema.graphql, assembled."""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Annotated, Any

import strawberry
from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    is_input_object_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from app.api.access_directives import access_of, tell_rules
from app.api.appointment_mutations import AppointmentMutations
from app.api.appointment_root import AppointmentRoot
from app.api.assortment_events import AssortmentEventRoot, AssortmentSubscriptions
from app.api.cart_events import CartSubscriptions
from app.api.cart_mutations import CartMutations
from app.api.carts import CartRoot
from app.api.context import Context, Info
from app.api.customer_mutations import CustomerMutations
from app.api.customer_root import CustomerRoot
from app.api.entities import ENTITIES, NODES
from app.api.federation import FEDERATION_SCALARS, Reference, federated, referred
from app.api.federation_sdl import subgraph_sdl
from app.api.locations import LocationRoot
from app.api.loyalty import LoyaltyRoot
from app.api.loyalty_mutations import LoyaltyMutations
from app.api.nodes import Node, split_id
from app.api.order_events import OrderEventRoot, OrderSubscriptions
from app.api.order_mutations import OrderMutations
from app.api.orders import OrderRoot
from app.api.paging import bounded
from app.api.partner_orders import PartnerOrderMutations
from app.api.partners import PartnerMutations, PartnerRoot
from app.api.privacy_mutations import PrivacyMutations
from app.api.product_root import ProductRoot
from app.api.promises import PromiseRoot
from app.api.scalars import SCALARS
from app.api.upstreams import UpstreamRoot
from app.api.whole_cart_mutations import WholeCartMutations
from app.engine.gate import ANYTHING, Access

SHARED = ("GeoPoint", "Money", "PageInfo")  # values that mean the same in every subgraph


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
        found: Node | None = (await _nodes(info.context, [id]))[0]
        return found

    @strawberry.field(description="The objects with these ids, in order; null where none is.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids.")],
    ) -> list[Node | None]:
        """Many objects, one question a source."""
        bounded(ids, argument="ids")
        return await _nodes(info.context, ids)


async def _nodes(context: Context, ids: Sequence[str]) -> list[Any]:
    references = [Reference(split_id(given)[0], "id", {"id": given}) for given in ids]
    return await referred(NODES, context, references)


@strawberry.type(description="What can be asked.")
class Query(
    ProductRoot,
    LocationRoot,
    PromiseRoot,
    NodeRoot,
    CartRoot,
    OrderRoot,
    CustomerRoot,
    OrderEventRoot,
    AssortmentEventRoot,
    PartnerRoot,
    LoyaltyRoot,
    AppointmentRoot,
    UpstreamRoot,
):
    """All root fields."""


@strawberry.type(description="What can be changed.")
class Mutation(
    CartMutations,
    WholeCartMutations,
    OrderMutations,
    CustomerMutations,
    PrivacyMutations,
    LoyaltyMutations,
    AppointmentMutations,
    PartnerMutations,
    PartnerOrderMutations,
):
    """All root fields of mutations."""


@strawberry.type(description="What can be followed.")
class Subscription(CartSubscriptions, OrderSubscriptions, AssortmentSubscriptions):
    """All root fields of subscriptions."""


class Schema(strawberry.Schema):
    """Errors are logged where they are answered, with their operation.

    `access` says who may read what; of a schema that is not ours, everybody everything.
    """

    access: Access = ANYTHING

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave it to `app.api.http`."""

    def _extend_introspection(self) -> None:
        """Strawberry's own resolver fails at types that are wrapped."""
        description: Any = self._schema.type_map["__Type"]
        description.fields["isOneOf"] = GraphQLField(GraphQLBoolean, resolve=_is_one_of)


def _is_one_of(kind: Any, _info: Any) -> bool | None:
    """Null for what is no input object (GraphQL specification, 4.2.2 The __Type Type)."""
    if not is_input_object_type(kind):
        return None
    known = kind.extensions.get("strawberry-definition")
    return kind.is_one_of if known is None else known.is_one_of


class GivenDocument(SchemaExtension):
    """Executes the document that passed the gate, instead of parsing and validating again."""

    def on_parse(self) -> Iterator[None]:
        """Hand it over."""
        self.execution_context.graphql_document = self.execution_context.context.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Say that it was done, and that nothing was found."""
        self.execution_context.pre_execution_errors = []
        yield


def core(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema that graphql-core knows; strawberry has no public name for it."""
    return schema._schema  # noqa: SLF001


@cache
def build_schema(*, subgraph: bool = True, tell: bool = True, deferring: bool = True) -> Schema:
    """The executable schema; as a `subgraph` it also answers a router, and may `tell` its SDL.

    `deferring`: with @defer and @stream. It is made once: whoever has it, changes nothing of it.
    """
    told = federation_sdl() if subgraph and tell else None
    query = federated(Query, ENTITIES, sdl=told) if subgraph else Query
    scalars = SCALARS | FEDERATION_SCALARS if subgraph else SCALARS
    config = StrawberryConfig(
        scalar_map=scalars, enable_experimental_incremental_execution=deferring
    )
    made = partial(
        Schema,
        query=query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[GivenDocument],
        config=config,
    )
    if tell_rules(schema := made()):
        schema = made()
    schema.access = access_of(core(schema))
    return schema


def sdl() -> str:
    """The schema in the schema definition language, as committed in `schema.graphql`."""
    return build_schema(subgraph=False).as_str() + "\n"


def federation_sdl() -> str:
    """The same schema as a router composes it, in the terms of Apollo Federation.

    It has no @defer and @stream: a router keeps these to itself.
    """
    keys = {name: entity.marks for name, entity in ENTITIES.items()}
    plain = build_schema(subgraph=False, deferring=False).as_str() + "\n"
    return subgraph_sdl(plain, keys | dict.fromkeys(SHARED, "@shareable"))
