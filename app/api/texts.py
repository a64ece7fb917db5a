"""GraphQL face of what the catalogue shows: options, pictures, categories."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Self

import strawberry

from app import ports
from app.api.context import Languages
from app.api.hints import AS_ITS_OWNER
from app.api.light import light
from app.api.paging import page_size
from app.engine.unchanging import UnchangingList
from app.upstream.readings import Faces
from app.values import Locale, Texts


@light
@strawberry.type(
    description="One choice that tells a variant from its siblings.", directives=AS_ITS_OWNER
)
class VariantOption:
    """Such as size: 42."""

    name: str = strawberry.field(description="What is chosen, such as size.")
    value: str = strawberry.field(description="What was chosen, such as 42.")

    @classmethod
    def of(cls, option: ports.VariantOption, languages: Languages) -> Self:
        """Dress an option."""
        return cls(name=option.name.best(languages)[0], value=option.value.best(languages)[0])


@light
@strawberry.type(description="A picture.", directives=AS_ITS_OWNER)
class Image:
    """A picture, by address."""

    url: str = strawberry.field(description="Address.")
    alt: str | None = strawberry.field(description="What it shows, for those who cannot see it.")
    width: int | None = strawberry.field(description="Pixels.")
    height: int | None = strawberry.field(description="Pixels.")

    @classmethod
    def of(cls, image: ports.Image, languages: Languages) -> Self:
        """Dress a picture."""
        alt, _ = image.alt.best(languages)
        return cls(url=image.url, alt=alt or None, width=image.width, height=image.height)


MOST_IMAGES = 20
HowManyImages = Annotated[
    int | None, strawberry.argument(description="How many, 1 to 20; 20 if not given.")
]


def pictures(
    images: Sequence[ports.Image], first: int | None, languages: Languages, faces: Faces
) -> list[Image]:
    """The first pictures, dressed once and kept among the faces of what they show.

    Raises:
        InvalidInputError: more are wanted than are told.
    """
    wanted = page_size(first, default=MOST_IMAGES, most=MOST_IMAGES)
    known: list[Image] | None = faces.get(wanted)
    if known is not None:
        return known
    dressed = UnchangingList([Image.of(image, languages) for image in images[:wanted]])
    return faces.keep(wanted, dressed)


def _written(product: ports.Product) -> Iterator[Texts]:
    """Every text of a product and of what it is sold as."""
    variants = product.variants
    yield from (product.name, product.description)
    yield from (category.name for category in product.categories)
    yield from (variant.name for variant in variants)
    images = (product.images, *(variant.images for variant in variants))
    yield from (image.alt for several in images for image in several)
    for option in (option for variant in variants for option in variant.options):
        yield from (option.name, option.value)


def languages_of(product: ports.Product) -> frozenset[Locale]:
    """Those that any of its texts is in."""
    return frozenset(tag for text in _written(product) for tag in text)


@strawberry.type(description="A place in the category tree.", directives=AS_ITS_OWNER)
class Category:
    """Where a product is found."""

    id: strawberry.ID = strawberry.field(description="The catalogue's id, for products(category:).")
    handle: str = strawberry.field(description="Its name in addresses.")
    name: str = strawberry.field(description="Its name.")

    @classmethod
    def of(cls, category: ports.Category, languages: Languages) -> Self:
        """Dress a category."""
        return cls(
            id=strawberry.ID(category.id),
            handle=category.handle,
            name=category.name.best(languages)[0],
        )
