"""The subgraph that Apollo's compatibility suite expects, made with our machinery."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig

from app.api.admission import Admission, build_gate
from app.api.context import Services
from app.api.events_stream import EventStreams
from app.api.execution import build_engine
from app.api.federation import FEDERATION_SCALARS, Entity, Reference, by_name, federated
from app.api.federation_sdl import OwnDirective, subgraph_sdl
from app.api.http import GraphQLEndpoint
from app.api.lasting import Lasting
from app.api.metrics import Metrics
from app.api.operations import Operations
from app.api.schema import GivenDocument, Schema
from app.settings import Requests, Streams
from tests.gateways import a_guest

VERSION = "2.3"  # the newest that the suite knows
CUSTOM = OwnDirective(
    "@custom", "https://myspecs.dev/myCustomDirective/v1.0", "directive @custom on OBJECT"
)


@strawberry.type
class ProductVariation:
    id: strawberry.ID


@strawberry.type
class ProductDimension:
    size: str | None
    weight: float | None
    unit: str | None


@strawberry.type
class CaseStudy:
    case_number: strawberry.ID
    description: str | None


@strawberry.type
class ProductResearch:
    study: CaseStudy
    outcome: str | None = None


@strawberry.type
class User:
    email: strawberry.ID
    name: str | None = "Jane Smith"
    total_products_created: int | None = 1_337
    years_of_employment: int = 10

    @strawberry.field
    def average_products_created_per_year(self) -> int | None:
        total = self.total_products_created
        return None if total is None else round(total / self.years_of_employment)


@strawberry.type
class Product:
    id: strawberry.ID
    sku: str | None
    package: str | None
    variation: ProductVariation | None
    dimensions: ProductDimension | None
    created_by: User | None
    notes: str | None
    research: list[ProductResearch]


@strawberry.type
class DeprecatedProduct:
    sku: str
    package: str
    reason: str | None
    created_by: User | None


@strawberry.type
class Inventory:
    id: strawberry.ID
    deprecated_products: list[DeprecatedProduct]


def _product(name: str, package: str, variation: str, research: ProductResearch) -> Product:
    return Product(
        id=strawberry.ID(f"apollo-{name}"),
        sku=name,
        package=package,
        variation=ProductVariation(id=strawberry.ID(variation)),
        dimensions=ProductDimension(size="small", weight=1, unit="kg"),
        created_by=CREATOR,
        notes=None,
        research=[research],
    )


def _research(number: str, description: str) -> ProductResearch:
    return ProductResearch(
        study=CaseStudy(case_number=strawberry.ID(number), description=description)
    )


CREATOR = User(email=strawberry.ID("support@apollographql.com"))
RESEARCH = (_research("1234", "Federation Study"), _research("1235", "Studio Study"))
PRODUCTS = (
    _product("federation", "@apollo/federation", "OSS", RESEARCH[0]),
    _product("studio", "", "platform", RESEARCH[1]),
)
DEPRECATED = DeprecatedProduct(
    sku="apollo-federation-v1",
    package="@apollo/federation-v1",
    reason="Migrate to Federation V2",
    created_by=CREATOR,
)


@strawberry.type
class Query:
    @strawberry.field
    def product(self, id: strawberry.ID) -> Product | None:  # noqa: A002  the suite's name
        return _found("id", {"id": id})

    @strawberry.field(deprecation_reason="Use product query instead")  # type: ignore[untyped-decorator]
    def deprecated_product(self, sku: str, package: str) -> DeprecatedProduct | None:
        return _deprecated(sku, package)


def _deprecated(sku: str, package: str) -> DeprecatedProduct | None:
    same = (sku, package) == (DEPRECATED.sku, DEPRECATED.package)
    return DEPRECATED if same else None


def _found(key: str, fields: Any) -> Product | None:
    for one in PRODUCTS:
        assert one.variation is not None
        held = {
            "id": fields.get("id") == one.id,
            "sku package": (fields.get("sku"), fields.get("package")) == (one.sku, one.package),
            "sku variation { id }": (fields.get("sku"), fields.get("variation"))
            == (one.sku, {"id": one.variation.id}),
        }
        if held[key]:
            return one
    return None


async def find(_context: Any, references: Sequence[Reference]) -> list[object | None]:
    return [_referred(one) for one in references]


def _referred(reference: Reference) -> object | None:
    fields = reference.fields
    match reference.typename:
        case "Product":
            return _found(reference.key, fields)
        case "DeprecatedProduct":
            return _deprecated(fields["sku"], fields["package"])
        case "ProductResearch":
            number = fields["study"]["caseNumber"]
            return next((one for one in RESEARCH if one.study.case_number == number), None)
        case "Inventory":
            return Inventory(id=fields["id"], deprecated_products=[DEPRECATED])
        case _:
            return _user(fields)


def _user(fields: Any) -> User:
    """A user, with what the router brings from the subgraph that owns it (`@requires`)."""
    if "yearsOfEmployment" not in fields:
        return User(email=fields["email"])
    return User(
        email=fields["email"],
        total_products_created=fields["totalProductsCreated"],
        years_of_employment=fields["yearsOfEmployment"],
    )


ENTITIES = by_name(
    Entity(Product, ("id", "sku package", "sku variation { id }"), find),
    Entity(DeprecatedProduct, ("sku package",), find),
    Entity(ProductResearch, ("study { caseNumber }",), find),
    Entity(User, ("email",), find),
    Entity(Inventory, ("id",), find),
)
KEYS = {name: entity.marks for name, entity in ENTITIES.items()}
MARKS = {
    **KEYS,
    "Product": f"@custom {KEYS['Product']}",
    "Product.createdBy": '@provides(fields: "totalProductsCreated")',
    "Product.notes": '@tag(name: "internal")',
    "ProductDimension": "@shareable",
    "ProductDimension.unit": "@inaccessible",
    "User.name": '@override(from: "users")',
    "User.totalProductsCreated": "@external",
    "User.yearsOfEmployment": "@external",
    "User.averageProductsCreatedPerYear": (
        '@requires(fields: "totalProductsCreated yearsOfEmployment")'
    ),
    "Inventory": f"@interfaceObject {KEYS['Inventory']}",
}


def sdl() -> str:
    types = [entity.type for entity in ENTITIES.values()]
    plain = strawberry.Schema(query=Query, types=types).as_str()
    return subgraph_sdl(plain, MARKS, version=VERSION, own=[CUSTOM])


def app() -> Starlette:
    """It is served as the gateway is: gate, compiled executor, endpoint."""
    schema = Schema(
        query=federated(Query, ENTITIES, sdl=sdl()),
        extensions=[GivenDocument],
        config=StrawberryConfig(scalar_map=FEDERATION_SCALARS),
    )
    requests = Requests()
    engine = build_engine(schema, at_first_sight=True)
    operations = Operations(
        schema,
        admission=Admission(build_gate(schema, requests, introspection=True)),
        engine=engine,
        services=lambda: cast("Services", None),  # nothing here asks them
        requests=requests,
        now=lambda: datetime.now(UTC),
        metrics=Metrics(dict, counts=engine.counts),
        introspection=True,
    )
    events = EventStreams(Lasting(1, 1), Streams(), now=lambda: datetime.now(UTC))
    endpoint = GraphQLEndpoint(
        operations, events, identify=a_guest, requests=requests, graphiql=False
    )
    return Starlette(routes=[Route("/graphql", endpoint)])
