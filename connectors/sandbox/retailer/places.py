"""Where does the retailer stand? Twelve stores, a depot, a warehouse and a supplier."""

from dataclasses import dataclass

CITY_HOURS = "Mo-Sa 09:30-19:30; Su 10:00-19:00; PH off"
ALL_SERVICES = ("collect", "collect-2h", "hold", "dispatch", "returns", "appointments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store with tills. `share` is the percentage of the assortment it carries."""

    number: str
    name: str
    street: str
    postcode: str
    city: str
    province: str
    country: str
    latitude: float
    longitude: float
    zone: str
    hours: str
    services: tuple[str, ...]
    phone: str
    share: int


STORES = (
    Store(
        number="ST-MIL",
        name="Milano Corso Vercelli",
        street="Corso Vercelli 212",
        postcode="20144",
        city="Milano",
        province="MI",
        country="IT",
        latitude=45.4660,
        longitude=9.1585,
        zone="Europe/Rome",
        hours="Mo-Sa 10:00-20:00; Su 10:00-19:30; PH 11:00-19:00; Dec 25-26 off; Jan 1 off",
        services=ALL_SERVICES,
        phone="+39 02 5550 1201",
        share=95,
    ),
    Store(
        number="ST-ROM",
        name="Roma Via Cola di Rienzo",
        street="Via Cola di Rienzo 401",
        postcode="00192",
        city="Roma",
        province="RM",
        country="IT",
        latitude=41.9075,
        longitude=12.4630,
        zone="Europe/Rome",
        hours="Mo-Sa 10:00-20:00; Su 10:30-19:30; PH 11:00-19:00; Dec 25 off; Jan 1 off; May 1 off",
        services=ALL_SERVICES,
        phone="+39 06 5550 1202",
        share=90,
    ),
    Store(
        number="ST-VRN",
        name="Verona Via Mazzini",
        street="Via Mazzini 188",
        postcode="37121",
        city="Verona",
        province="VR",
        country="IT",
        latitude=45.4402,
        longitude=10.9950,
        zone="Europe/Rome",
        hours=CITY_HOURS,
        services=("collect", "collect-2h", "hold", "dispatch", "returns"),
        phone="+39 045 555 1203",
        share=65,
    ),
    Store(
        number="ST-TRN",
        name="Torino Via Garibaldi",
        street="Via Garibaldi 159",
        postcode="10122",
        city="Torino",
        province="TO",
        country="IT",
        latitude=45.0731,
        longitude=7.6805,
        zone="Europe/Rome",
        hours=CITY_HOURS,
        services=("collect", "hold", "dispatch", "returns"),
        phone="+39 011 555 1204",
        share=70,
    ),
    Store(
        number="ST-BLQ",
        name="Bologna Via Indipendenza",
        street="Via dell'Indipendenza 174",
        postcode="40121",
        city="Bologna",
        province="BO",
        country="IT",
        latitude=44.4990,
        longitude=11.3440,
        zone="Europe/Rome",
        hours="Mo-Fr 09:30-13:00,15:30-19:30; Sa 09:30-19:30; Su,PH off",
        services=("collect", "hold", "returns"),
        phone="+39 051 555 1205",
        share=60,
    ),
    Store(
        number="ST-FLR",
        name="Firenze Via Calzaiuoli",
        street="Via dei Calzaiuoli 163",
        postcode="50122",
        city="Firenze",
        province="FI",
        country="IT",
        latitude=43.7710,
        longitude=11.2550,
        zone="Europe/Rome",
        hours=CITY_HOURS,
        services=("collect", "collect-2h", "hold", "returns", "appointments"),
        phone="+39 055 555 1206",
        share=75,
    ),
    Store(
        number="ST-NAP",
        name="Napoli Via Chiaia",
        street="Via Chiaia 307",
        postcode="80121",
        city="Napoli",
        province="NA",
        country="IT",
        latitude=40.8360,
        longitude=14.2440,
        zone="Europe/Rome",
        hours="Mo-Sa 10:00-20:00; Su 10:00-14:00; PH off",
        services=("collect", "hold", "dispatch", "returns"),
        phone="+39 081 555 1207",
        share=70,
    ),
    Store(
        number="ST-PMO",
        name="Palermo Via Maqueda",
        street="Via Maqueda 455",
        postcode="90134",
        city="Palermo",
        province="PA",
        country="IT",
        latitude=38.1170,
        longitude=13.3600,
        zone="Europe/Rome",
        hours="Mo-Sa 09:00-13:00,16:00-20:00; Su,PH off",
        services=("collect", "returns"),
        phone="+39 091 555 1208",
        share=50,
    ),
    Store(
        number="ST-PAR",
        name="Paris Rue de Rennes",
        street="Rue de Rennes 191",
        postcode="75006",
        city="Paris",
        province="Île-de-France",
        country="FR",
        latitude=48.8490,
        longitude=2.3280,
        zone="Europe/Paris",
        hours="Mo-Sa 10:00-19:30; Su 12:00-19:00; PH off",
        services=("collect", "collect-2h", "hold", "dispatch", "returns"),
        phone="+33 1 99 00 12 09",
        share=80,
    ),
    Store(
        number="ST-MUC",
        name="München Sendlinger Straße",
        street="Sendlinger Straße 98",
        postcode="80331",
        city="München",
        province="Bayern",
        country="DE",
        latitude=48.1350,
        longitude=11.5690,
        zone="Europe/Berlin",
        hours="Mo-Fr 10:00-20:00; Sa 09:30-20:00; Su,PH off",
        services=("collect", "hold", "dispatch", "returns"),
        phone="+49 89 99998 210",
        share=75,
    ),
    Store(
        number="ST-ZRH",
        name="Zürich Rennweg",
        street="Rennweg 77",
        postcode="8001",
        city="Zürich",
        province="ZH",
        country="CH",
        latitude=47.3740,
        longitude=8.5380,
        zone="Europe/Zurich",
        hours="Mo-Fr 09:00-19:00; Sa 09:00-18:00; Su,PH off",
        services=("collect", "hold", "returns", "appointments"),
        phone="+41 44 555 12 11",
        share=55,
    ),
    Store(
        number="ST-LON",
        name="London Marylebone",
        street="Marylebone High Street 143",
        postcode="W1U 4RE",
        city="London",
        province="Greater London",
        country="GB",
        latitude=51.5190,
        longitude=-0.1510,
        zone="Europe/London",
        hours="Mo-Sa 10:00-19:00; Su 12:00-18:00; PH 11:00-17:00; Dec 25 off",
        services=("collect", "collect-2h", "hold", "dispatch", "returns"),
        phone="+44 20 7946 0212",
        share=80,
    ),
)
DEPOT = "ECOM-1"
WAREHOUSE = "WH-1"
SUPPLIER = "SUP-1"
SUPPLIER_SHARE = 30  # percentage of the assortment that the supplier carries
