"""What can be bought, as the ERP tells it: templates that are salable, in every language it has."""

from collections.abc import Mapping, Sequence

from app.errors import UpstreamBroken
from app.ports import Answer, Product, ProductEdge, ProductKey, ProductPage, ProductQuery
from app.values import Locale
from connectors.kit.told_again import ToldAgain
from connectors.tryton import product_mapping
from connectors.tryton.cursors import Listing
from connectors.tryton.mapping import LARGEST_ID, Row, record_id
from connectors.tryton.reading import read
from connectors.tryton.rpc import Reply, Rpc, Search, together

SALABLE = ("salable", "=", True)
FIELDS = (
    "name",
    "code",
    "write_date",
    "create_date",
    "categories.name",
    "products.code",
    "products.description",
    "products.write_date",
    "products.create_date",
    "products.identifiers.type",
    "products.identifiers.code",
)
LANGUAGES = Search(model="ir.lang", domain=[("translatable", "=", True)], fields=["code"])
TEMPLATE = "product.template"
AS_WRITTEN = str.maketrans({"%": r"\%", "_": r"\_", "\\": "\\\\"})  # no wildcards for shoppers


class Catalog:
    """Templates with their variants. One call for each language the server has, and two more."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._product = ToldAgain(product_mapping.product)

    async def products(self, keys: Sequence[ProductKey]) -> Answer[Product]:
        """Every product that one of the keys names."""
        languages = await self._languages()
        search = Search(model=TEMPLATE, domain=[SALABLE, _named(keys)], fields=FIELDS)
        reply = await self._rpc.search("products", search, language=languages[0])
        answer = await self._translated(reply, languages)
        wanted = set(keys)
        rows = tuple(product for product in answer.rows if wanted & _names(product))
        return Answer(rows=rows, as_of=answer.as_of, rejected=answer.rejected)

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page of the salable products."""
        languages = await self._languages()
        listing = Listing(query.sort, _spoken(query.locale, languages))
        found, counted = await self._page(query, listing)
        shown = Reply(found.rows()[: query.first], found.date)
        answer = await self._translated(shown, languages, first=listing.language)
        return ProductPage(
            edges=_edges(listing, shown, answer.rows),
            has_next=len(found.rows()) > query.first,
            as_of=answer.as_of,
            total=_total(counted),
            rejected=answer.rejected,
        )

    async def _page(self, query: ProductQuery, listing: Listing) -> list[Reply]:
        """The templates of a page with one more, which tells of a next page, and their count."""
        domain = [SALABLE, *_filters(query)]
        last, *behind = (None,) if query.after is None else listing.after(query.after)
        search = Search(
            model=TEMPLATE,
            domain=[*domain, *behind],
            fields=FIELDS,
            limit=query.first + 1,
            order=listing.order,
        )
        count = f"model.{TEMPLATE}.search_count"
        spoken = {"language": listing.language}
        replies = await together(
            (
                self._rpc.search("products", search, **spoken),
                self._rpc.call("products-total", count, domain, **spoken),
            )
        )
        if last in read(replies[0], record_id).rows:
            raise UpstreamBroken("a page begins with products of the page before")
        return replies

    async def _languages(self) -> Sequence[str]:
        reply = await self._rpc.search("languages", LANGUAGES)
        languages = read(reply, product_mapping.language)
        if languages.rejected:
            raise UpstreamBroken("a language cannot be read")
        return languages.rows or [await self._rpc.language()]

    async def _translated(
        self, reply: Reply, languages: Sequence[str], *, first: str | None = None
    ) -> Answer[Product]:
        """The templates of a reply (in `first`), and as they read in the other languages."""
        first = first or languages[0]
        others = [language for language in languages if language != first]
        ids = read(reply, record_id).rows
        search = Search(model=TEMPLATE, domain=[("id", "in", ids)], fields=FIELDS)
        replies = await together(
            self._rpc.search("translations", search, language=language)
            for language in (others if ids else ())
        )
        told = {
            product_mapping.locale(language): _by_id(one)
            for language, one in zip([first, *others], [reply, *replies], strict=False)
        }

        def product(row: Row) -> Product:
            own = record_id(row)
            if any(own not in rows for rows in told.values()):
                raise LookupError("a translation is missing")
            return self._product({locale: rows[own] for locale, rows in told.items()})

        return read(reply, product)


def _named(keys: Sequence[ProductKey]) -> Sequence[object]:
    """The domain of the templates that the keys may name. A template without a code has its id."""
    handles = [key.value for key in keys if key.by == "handle"]
    numbers = [key.value for key in keys if key.by == "id"] + handles
    ids = [int(number) for number in numbers if _is_id(number)]
    skus = [key.value for key in keys if key.by == "sku"]
    return ["OR", ("id", "in", ids), ("code", "in", handles), ("products.code", "in", skus)]


def _is_id(number: str) -> bool:
    return number.isascii() and number.isdecimal() and 0 < int(number) <= LARGEST_ID


def _names(product: Product) -> set[ProductKey]:
    skus = {ProductKey("sku", variant.sku) for variant in product.variants}
    return {ProductKey("id", product.id), ProductKey("handle", product.handle), *skus}


def _filters(query: ProductQuery) -> Sequence[object]:
    """Each word in a name, code or identifier; the category or one below it."""
    words = (query.search or "").translate(AS_WRITTEN).split()
    filters: list[object] = [("rec_name", "ilike", f"%{word}%") for word in words]
    if query.category is not None:
        category = int(query.category) if _is_id(query.category) else 0
        filters.append(("categories", "child_of", [category], "parent"))
    return filters


def _spoken(wanted: Locale, languages: Sequence[str]) -> str:
    """The server's language that suits best: `de-CH` is served by `de`; else its first."""
    by_locale = {product_mapping.locale(language): language for language in languages}
    tag = str(wanted)
    while tag:
        if tag in by_locale:
            return by_locale[Locale(tag)]
        tag = tag.rpartition("-")[0]
    return languages[0]


def _by_id(reply: Reply) -> Mapping[int, Row]:
    return dict(read(reply, lambda row: (record_id(row), row)).rows)


def _edges(listing: Listing, shown: Reply, products: Sequence[Product]) -> tuple[ProductEdge, ...]:
    rows = {str(own): row for own, row in _by_id(shown).items()}
    return tuple(ProductEdge(listing.cursor(rows[one.id]), one) for one in products)


def _total(counted: Reply) -> int:
    if type(counted.result) is not int:
        raise UpstreamBroken("the count of products is not a whole number")
    return counted.result
