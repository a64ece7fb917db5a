"""GraphQL face of products."""

from dataclasses import field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Self, cast

import msgspec
import strawberry

from app import ports
from app.api.context import Languages
from app.api.hints import AS_ITS_OWNER, CATALOGUE, kept
from app.api.light import light
from app.api.nodes import Node, global_id
from app.api.paging import PageInfo, page_size
from app.api.texts import Category, HowManyImages, Image, pictures
from app.api.variants import ProductVariant, Whole
from app.engine.unchanging import Unchanging, UnchangingList
from app.upstream.readings import Faces
from app.upstream.report import Freshness
from app.values import Locale

MOST_VARIANTS = 250
VARIANTS = "variants"  # the face of a product that holds them
FEW = "few variants"  # the one that holds its first ones, by how many
NO_CATEGORIES: list[Category] = UnchangingList()


@light
@strawberry.type(
    description="The thing shown, with everything it is sold as.", directives=kept(CATALOGUE)
)
class Product(Node, Unchanging):
    """A product as one caller sees it."""

    framed: ClassVar[bool] = True
    passing: ClassVar[frozenset[str]] = frozenset({"as_of", "freshness"})
    handle: str = strawberry.field(description="Its name in addresses.")
    name: str = strawberry.field(description="Name, in the language of locale.")
    description: str = strawberry.field(description="Description, in the language of locale.")
    locale: Locale | None = strawberry.field(description="The language its texts are in.")
    brand: str | None = strawberry.field(description="Brand.")
    categories: list[Category] = strawberry.field(description="Where it is found.")
    updated_at: datetime | None = strawberry.field(description="When its owner last changed it.")
    as_of: datetime | None = strawberry.field(description="When its owner said all this.")
    freshness: Freshness = strawberry.field(description="How it came.")
    told: strawberry.Private[ports.Product]
    languages: strawberry.Private[Languages]
    faces: strawberry.Private[Faces] = field(default_factory=Faces)

    @strawberry.field(description="Pictures of the product.")
    def images(self, first: HowManyImages = None) -> list[Image]:
        """At most twenty pictures."""
        return pictures(self.told.images, first, self.languages, self.faces)

    @strawberry.field(description="What it is sold as.")
    def variants(
        self,
        first: Annotated[
            int | None, strawberry.argument(description="How many, 1 to 250; 100 if not given.")
        ] = None,
    ) -> list[ProductVariant]:
        """At most 250 variants, in the catalogue's order."""
        wanted = page_size(first, default=100, most=MOST_VARIANTS)
        dressed = self.dressed_variants()
        if wanted >= len(dressed):
            return dressed
        few = self.faces.kept(FEW, Faces)
        return few.kept(wanted, lambda: UnchangingList(dressed[:wanted]))

    def dressed_variants(self) -> list[ProductVariant]:
        """All of its variants, dressed once."""
        known: list[ProductVariant] | None = self.faces.get(VARIANTS)
        return self.faces.keep(VARIANTS, self._variants()) if known is None else known

    def told_again(self, as_of: datetime | None, freshness: Freshness) -> "Product":
        """The same of another time, with what was made of it and still holds."""
        faces = Faces(self.faces)
        faces.pop(FEW, None)
        again = cast(
            "Product",
            msgspec.structs.replace(
                cast("Any", self), as_of=as_of, freshness=freshness, faces=faces, frames=None
            ),
        )
        if (variants := faces.get(VARIANTS)) is not None:
            whole = again.whole()
            faces[VARIANTS] = UnchangingList(
                [msgspec.structs.replace(variant, whole=whole) for variant in variants]
            )
        return again

    def whole(self) -> Whole:
        """The product for its variants: another object, see there."""
        dress = partial(
            Product.of,
            self.told,
            as_of=self.as_of,
            freshness=self.freshness,
            languages=self.languages,
        )
        return Whole(self.told, self.languages, dress)

    def _variants(self) -> list[ProductVariant]:
        whole = self.whole()
        return UnchangingList([ProductVariant.of(variant, whole) for variant in self.told.variants])

    def variant_of(self, sku: str) -> ProductVariant | None:
        """The variant with a SKU."""
        return next((one for one in self.dressed_variants() if one.sku == sku), None)

    @classmethod
    def of(
        cls,
        product: ports.Product,
        *,
        as_of: datetime | None,
        freshness: Freshness,
        languages: Languages,
    ) -> Self:
        """Dress a product."""
        name, locale = product.name.best(languages)
        return cls(
            id=global_id("Product", product.id),
            handle=product.handle,
            name=name,
            description=product.description.best(languages)[0],
            locale=locale,
            brand=product.brand,
            categories=UnchangingList([Category.of(one, languages) for one in product.categories])
            if product.categories
            else NO_CATEGORIES,
            updated_at=product.updated_at,
            as_of=as_of,
            freshness=freshness,
            told=product,
            languages=languages,
        )


@light
@strawberry.type(description="A product and its place in the list.", directives=AS_ITS_OWNER)
class ProductEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: Product = strawberry.field(description="The product.")


@strawberry.type(description="A page of products.", directives=kept(CATALOGUE))
class ProductConnection(Unchanging):
    """See the Relay cursor connections specification."""

    framed: ClassVar[bool] = True
    edges: list[ProductEdge] = strawberry.field(description="The products of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int | None = strawberry.field(
        description="How many the listing has in all, where its owner knows."
    )
    as_of: datetime | None = strawberry.field(description="When its owner said so.")
    freshness: Freshness = strawberry.field(description="How it came.")
