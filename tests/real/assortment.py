"""The retailer that the live systems are seeded with: one assortment, two systems, four locations.

The e-commerce platform owns names, prices and the depot; the ERP owns two warehouses and a store
with a till. Every number differs by system and location, so that a mix-up cannot pass unseen.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Article:
    sku: str
    gtin: str
    option: str
    price: str  # EUR, tax excluded
    depot: int  # on hand at the e-commerce depot
    warehouses: tuple[int, int]  # on hand at Bologna, Lyon
    store: int  # on hand in the Verona store, before the till sells


@dataclass(frozen=True)
class Line:
    handle: str
    name: dict[str, str]  # language -> text
    description: dict[str, str]
    articles: tuple[Article, ...] = field(default=())


DEPOT = "ECOM-1"
BOLOGNA, LYON, VERONA = "WH-BLQ", "WH-LYS", "ST-VRN"

ASSORTMENT = (
    Line(
        "trail-runner",
        {"en": "Trail Runner", "it": "Scarpa da trail"},
        {"en": "A light shoe for rough paths.", "it": "Una scarpa leggera per sentieri."},
        (
            Article("TRAIL-40", "8001234000011", "40", "99.00", 5, (40, 12), 3),
            Article("TRAIL-42", "8001234000028", "42", "99.00", 19, (33, 0), 2),
            Article("TRAIL-44", "8001234000035", "44", "104.50", 0, (7, 21), 1),
        ),
    ),
    Line(
        "rain-jacket",
        {"en": "Rain Jacket", "it": "Giacca antipioggia"},
        {"en": "Keeps the rain out.", "it": "Tiene fuori la pioggia."},
        (
            Article("JACKET-S", "8001234000042", "S", "159.90", 10, (15, 4), 6),
            Article("JACKET-M", "8001234000059", "M", "159.90", 11, (16, 5), 0),
            Article("JACKET-L", "8001234000066", "L", "159.90", 12, (17, 6), 8),
        ),
    ),
    Line(
        "water-bottle",
        {"en": "Water Bottle", "it": "Borraccia"},
        {"en": "Half a litre.", "it": "Mezzo litro."},
        (Article("BOTTLE", "8001234000073", "ONE", "19.50", 200, (500, 250), 25),),
    ),
)
ARTICLES = tuple(article for line in ASSORTMENT for article in line.articles)
