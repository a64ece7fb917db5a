"""GraphQL face of what the catalogue shows: options, pictures, categories."""

from typing import Self

import strawberry

from app import ports
from app.api.context import Languages


@strawberry.type(description="One choice that tells a variant from its siblings.")
class VariantOption:
    """Such as size: 42."""

    name: str = strawberry.field(description="What is chosen, such as size.")
    value: str = strawberry.field(description="What was chosen, such as 42.")

    @classmethod
    def of(cls, option: ports.VariantOption, languages: Languages) -> Self:
        """Dress an option."""
        return cls(name=option.name.best(languages)[0], value=option.value.best(languages)[0])


@strawberry.type(description="A picture.")
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


@strawberry.type(description="A place in the category tree.")
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
