"""What do we ask Vendure? Every GraphQL operation of the connector, by name."""

from connectors.vendure.api import Operation

LOG_IN = Operation(
    name="LogIn",
    call="log-in",
    safe=False,
    document="""
mutation LogIn($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    __typename
    ... on ErrorResult { errorCode }
  }
}""",
)

STOCK_LEVELS = Operation(
    name="StockLevels",
    call="stock-levels",
    document="""
query StockLevels($variants: ProductVariantListOptions, $locations: StockLocationListOptions) {
  globalSettings { trackInventory outOfStockThreshold }
  stockLocations(options: $locations) { totalItems items { id name } }
  productVariants(options: $variants) {
    totalItems
    items {
      id
      sku
      trackInventory
      outOfStockThreshold
      useGlobalOutOfStockThreshold
      stockLevels { stockLocationId stockOnHand stockAllocated }
    }
  }
}""",
)

STOCK_LOCATIONS = Operation(
    name="StockLocations",
    call="stock-locations",
    document="""
query StockLocations($locations: StockLocationListOptions) {
  stockLocations(options: $locations) { totalItems items { id name } }
}""",
)

# `price` and `priceWithTax` of a variant that has no price in the channel's currency are an
# INTERNAL_SERVER_ERROR that empties the whole answer; the stored `prices` are not.
PRICES = Operation(
    name="Prices",
    call="prices",
    document="""
query Prices($variants: ProductVariantListOptions) {
  globalSettings { serverConfig { moneyStrategyPrecision } }
  activeChannel { pricesIncludeTax }
  productVariants(options: $variants) {
    totalItems
    items { id sku enabled product { enabled } prices { currencyCode price } }
  }
}""",
)

FIND_CATEGORY = Operation(
    name="FindCategory",
    call="find-category",
    path="shop-api",
    # A shop whose ids are UUIDs may fail on an id that is none: then it is a slug.
    optional=frozenset({"byId"}),
    document="""
query FindCategory($category: ID!, $slug: String!) {
  byId: collection(id: $category) { id }
  bySlug: collection(slug: $slug) { id }
}""",
)

SEARCH = Operation(
    name="Search",
    call="search",
    path="shop-api",
    document="""
query Search($input: SearchInput!) {
  search(input: $input) { totalItems items { productId } }
}""",
)

_PRODUCTS = """
query Products($products: ProductListOptions) {
  products(options: $products) {
    totalItems
    items {
      id
      slug
      enabled
      updatedAt
      translations { languageCode name slug description }
      featuredAsset { id preview }
      assets { id preview }
      facetValues { code facet { code } translations { languageCode name } }
      collections { id slug isPrivate translations { languageCode name slug } }
      variants {
        id
        sku
        enabled
        updatedAt
        translations { languageCode name }
        featuredAsset { id preview }
        assets { id preview }
        options {
          translations { languageCode name }
          group { translations { languageCode name } }
        }%s
      }
    }
  }
}"""


def products(gtin_field: str | None) -> Operation:
    """The products operation; a custom field exists only where the retailer has added it."""
    custom = "" if gtin_field is None else f"\n        customFields {{ {gtin_field} }}"
    return Operation(name="Products", call="products", document=_PRODUCTS % custom)
