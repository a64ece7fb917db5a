"""What to try first: operations that the demo retailer answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """An operation and what it shows."""

    title: str
    document: str


EXAMPLES = (
    Example(
        "A listing page: prices, and what the shop can sell",
        """query Listing {
  products(first: 6, search: "jacket", locale: "en") {
    totalCount
    edges {
      node {
        name
        brand
        variants(first: 2) {
          sku
          price { amount { amount currency } compareAt { amount } }
          availableToSell(channel: "WEB") { status availableToSell }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}""",
    ),
    Example(
        "Stores near me that hand over orders, with their hours",
        """query Nearby {
  locations(
    near: { latitude: 45.4642, longitude: 9.19 }
    withinKm: 300
    services: [PICKUP]
    first: 3
  ) {
    edges {
      node {
        code
        name
        distanceKm
        address { city }
        hours { openNow nextChange specialDays { date name periods { opens closes } } }
      }
    }
  }
}""",
    ),
    Example(
        "One article in every location: four systems, one call each",
        """query WhereIsIt {
  products(first: 1, locale: "it") {
    edges {
      node {
        name
        locale
        variants(first: 1) {
          sku
          availability(near: { latitude: 41.9028, longitude: 12.4964 }) {
            location { code kind distanceKm }
            status
            availableToSell
            freshness
            asOf
            source
          }
        }
      }
    }
  }
}""",
    ),
    Example(
        "How the systems behind are doing",
        """query Upstreams {
  upstreams {
    name
    kind
    state
    lastFailure { code message at }
    operations { name breaker calls failures retries }
  }
}""",
    ),
    Example(
        "When can it be in Milan, and from where?",
        """query WhenInMilan {
  products(first: 3, locale: "it") {
    edges {
      node {
        name
        variants(first: 1) {
          sku
          promise(destination: { country: "IT", postalCode: "20144" }, channel: "APP") {
            earliest
            latest
            costToCustomer { amount currency }
            emissions { grams low high }
            legs { location { code } service carrier orderBy }
          }
        }
      }
    }
  }
}""",
    ),
)
