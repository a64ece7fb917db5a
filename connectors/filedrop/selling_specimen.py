"""A partner in miniature who sells for us: reads our files, and has three orders in one.

The desk is the real one, over files in memory. The partner reads and writes files by its own few
lines, not by those of the desk.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import msgspec
from lxml import etree

from app.ports import MarketOrderNumber, MarketWriteKey, Offer, Parcel, ShippedLine
from app.values import CurrencyCode, Money, Sku
from connectors.filedrop.desk import Desk
from connectors.filedrop.desk import app as desks
from connectors.filedrop.drop import At
from connectors.filedrop.memory import AT, MemoryDrop
from connectors.filedrop.settings import Settings
from connectors.kit.market_writes import ACKNOWLEDGED
from connectors.kit.specimen import Asgi, Effect, ListingsSpecimen, MarketSpecimen, Specimen

COAT, SCARF = "4006381333931", "4012345000016"
NUMBERS = ("F-1001", "F-1002", "F-1003")
BOUGHT: Mapping[str, Mapping[str, int]] = {
    "F-1001": {COAT: 2, SCARF: 1},
    "F-1002": {SCARF: 1},
    "F-1003": {COAT: 1},
}
PRICES = {COAT: "219.90", SCARF: "49.00"}
NAME, EMAIL, STREET = "Grace Example", "x7q2k@partner.example", "Via Esempio 12"
Told = tuple[str, int | None, Decimal | None]
Words = Iterator[tuple[str, dict[str, int]]]


class TinySeller(MemoryDrop):
    """Takes every file out of the outbox: `offers` is what it shows, `words` what it heard."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        self.offers: dict[str, tuple[int | None, Decimal | None]] = {}
        self.words: list[Effect] = []
        self.kept[At("in", f"orders-1{ENDINGS[form]}")] = (ORDERS[form]().encode(), AT)
        record = {
            "ready": "none.ready", "name": "listing-1", "number": 1, "full": True, "at": AT,
            "offers": [
                {"sku": sku, "quantity": 9, "price": price if form == "csv" else None,
                 "currency": "EUR" if form == "csv" else None, "as_of": AT}
                for sku, price in PRICES.items()
            ],
        }  # fmt: skip
        told = At("records/listings", "000000000001.json")
        self.kept[told] = (msgspec.json.encode(record), AT)

    async def put(self, source: At, target: At) -> None:
        """See `Drop`."""
        await super().put(source, target)
        if target.folder == "out":
            data, _ = self.kept.pop(target)
            if target.name.startswith("listing-"):
                self.offers |= {one[0]: one[1:] for one in LISTINGS[self.form](data)}
            else:
                told = WORDS[self.form](data)
                self.words += [(no, units or ACKNOWLEDGED) for no, units in told]


def _table_of_orders() -> str:
    rows = ["Nr;Artikel;Zeile;Menge;Preis;Status;Summe;Datum;Stand;Mail;Name;Adresse;PLZ;Ort;Land"]
    for number, units in BOUGHT.items():
        state = "unbezahlt" if number == NUMBERS[2] else "offen"
        for line, (sku, count) in enumerate(units.items(), 1):
            price = PRICES[sku].replace(".", ",")
            rows.append(
                f"{number};{sku};{line};{count};{price};{state};{_total(number)};2026-11-20 07:10;"
                f"2026-11-20 07:30;{EMAIL};{NAME};{STREET};20121;Milano;IT"
            )
    return "\n".join(rows) + "\n"


def _total(number: str, mark: str = ",") -> str:
    paid = sum(Decimal(PRICES[sku]) * count for sku, count in BOUGHT[number].items())
    return f"{paid + 10:.2f}".replace(".", mark)


def _interchange_of_orders() -> str:
    messages = []
    for place, (number, units) in enumerate(BOUGHT.items(), 1):
        inside = [
            f"BGM+220+{number}+9", "DTM+137:202611200710:203", "NAD+BY+PARTNER::9",
            f"NAD+DP+++{NAME}+{STREET}+Milano++20121+IT", f"COM+{EMAIL}:EM", "CUX+2:EUR:9",
        ]  # fmt: skip
        for line, (sku, count) in enumerate(units.items(), 1):
            inside += [f"LIN+{line}++{sku}:EN", f"QTY+21:{count}", f"PRI+AAB:{PRICES[sku]}"]
        inside += ["UNS+S", f"MOA+86:{_total(number, '.')}"]
        head = f"UNH+{place}+ORDERS:D:96A:UN:EAN008"
        messages.append("'".join([head, *inside, f"UNT+{len(inside) + 2}+{place}'"]))
    return f"UNB+UNOC:3+P+US+261120:0730+7'{''.join(messages)}UNZ+{len(messages)}+7'"


def _message_of_orders() -> str:
    orders = []
    for number, units in BOUGHT.items():
        lines = "".join(
            f"<orderLineItem><lineItemNumber>{line}</lineItemNumber>"
            f"<requestedQuantity>{count}</requestedQuantity>"
            f'<netPrice currencyCode="EUR">{PRICES[sku]}</netPrice>'
            f"<transactionalTradeItem><gtin>{sku}</gtin></transactionalTradeItem></orderLineItem>"
            for line, (sku, count) in enumerate(units.items(), 1)
        )
        orders.append(
            "<order><creationDateTime>2026-11-20T07:10:00</creationDateTime>"
            f"<orderIdentification><entityIdentification>{number}</entityIdentification>"
            "</orderIdentification><totalMonetaryAmountIncludingTaxes>"
            f"{_total(number, '.')}</totalMonetaryAmountIncludingTaxes>"
            f"<orderLogisticalInformation><shipTo><address><city>Milano</city>"
            f"<countryCode>IT</countryCode><name>{NAME}</name><postalCode>20121</postalCode>"
            f"<streetAddressOne>{STREET}</streetAddressOne></address><contact>"
            "<communicationChannel><communicationChannelCode>EMAIL</communicationChannelCode>"
            f"<communicationValue>{EMAIL}</communicationValue></communicationChannel></contact>"
            f"</shipTo></orderLogisticalInformation>{lines}</order>"
        )
    return f"<orderMessage>{''.join(orders)}</orderMessage>"


def _table_of_offers(data: bytes) -> Iterator[Told]:
    for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
        units, price = row["quantity"], row["price"].replace(",", ".")
        yield row["sku"], int(units) if units else None, Decimal(price) if price else None


def _interchange_of_offers(data: bytes) -> Iterator[Told]:
    for sku, units in re.findall(r"LIN\+\d+\+\+(\d+):EN'\s*QTY\+145:(\d+)'", data.decode()):
        yield sku, int(units), None


def _message_of_offers(data: bytes) -> Iterator[Told]:
    for item in etree.fromstring(data).iter("inventoryItemLocationInformation"):
        yield item.findtext(".//gtin") or "", int(item.findtext(".//quantityOfUnits") or 0), None


def _table_of_words(data: bytes) -> Words:
    told: dict[str, dict[str, int]] = {}
    for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
        units = told.setdefault(row["order"], {})
        if row["action"] == "DESPATCH":
            units[row["line"]] = int(row["quantity"])
    yield from told.items()


def _interchange_of_words(data: bytes) -> Words:
    text = data.decode()
    units = re.findall(r"LIN\+(\d+)\+\+\d+:EN'\s*QTY\+12:(\d+)'", text)
    yield re.findall(r"RFF\+ON:([^']+)'", text)[0], {line: int(count) for line, count in units}


def _message_of_words(data: bytes) -> Words:
    root = etree.fromstring(data)
    order = root.findtext(".//originalOrder/entityIdentification")
    order = order or root.findtext(".//purchaseOrder/entityIdentification") or ""
    items = root.iter("despatchAdviceLineItem")
    yield (
        order,
        {
            one.findtext("lineItemNumber") or "": int(one.findtext("despatchedQuantity") or 0)
            for one in items
        },
    )


ENDINGS = {"csv": ".csv", "edifact": ".edi", "gs1": ".xml"}
ORDERS: Mapping[str, Callable[[], str]] = {
    "csv": _table_of_orders,
    "edifact": _interchange_of_orders,
    "gs1": _message_of_orders,
}
LISTINGS: Mapping[str, Callable[[bytes], Iterator[Told]]] = {
    "csv": _table_of_offers,
    "edifact": _interchange_of_offers,
    "gs1": _message_of_offers,
}
WORDS: Mapping[str, Callable[[bytes], Words]] = {
    "csv": _table_of_words,
    "edifact": _interchange_of_words,
    "gs1": _message_of_words,
}
COLUMNS = {
    "number": "Nr", "sku": "Artikel", "line": "Zeile", "quantity": "Menge", "unit_price": "Preis",
    "state": "Status", "total": "Summe", "placed_at": "Datum", "as_of": "Stand", "email": "Mail",
    "name": "Name", "address": "Adresse", "postal_code": "PLZ", "city": "Ort", "country": "Land",
}  # fmt: skip


def settings(form: str) -> Mapping[str, Any]:
    """Those of a partner who numbers articles by their bar codes."""
    both = {
        "format": form,
        "numbered_by": "gtin",
        "dates": {"zone": "Europe/Berlin"},
        "table": {"delimiter": ";", "decimal": ","},
    }
    sales = {**both, "files": ["orders-*"], "currency": "EUR", "remembers": "P36500D"}
    if form == "csv":
        states = {"offen": "OPEN", "unbezahlt": "PENDING", "storniert": "CANCELLED"}
        sales |= {"columns": COLUMNS, "states": states}
    return {"folder": "/drop", "every": "PT30S", "listings": both, "sales": sales}


def _app(form: str) -> Asgi:
    partner = TinySeller(form)
    made = desks({"": Desk(Settings.model_validate(settings(form)), partner)})
    made.state.partner = partner
    return cast("Asgi", made)


def _specimen(form: str) -> Specimen:
    price = Money(Decimal("199.90"), CurrencyCode("EUR")) if form == "csv" else None

    def shown(app: Any) -> list[Effect]:
        offers = app.state.partner.offers
        return [(COAT, offers[COAT])] if COAT in offers else []

    return Specimen(
        label=f"{form} partner",
        app=lambda: _app(form),
        settings=settings(form),
        ports=frozenset({"ListingSink", "OrderSource"}),
        skus=(Sku(COAT), Sku(SCARF)),
        market=MarketSpecimen(
            numbers=tuple(map(MarketOrderNumber, NUMBERS)),
            parcel=Parcel(
                key=MarketWriteKey("T-0"),
                order=MarketOrderNumber(NUMBERS[0]),
                lines=(ShippedLine(reference="1", quantity=1),),
                carrier="CORRIERE",
                tracking="IT00000001",
                shipped_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
            ),
            waiting=MarketOrderNumber(NUMBERS[1]),
            private=(NAME, EMAIL, STREET),
            held=lambda app: list(app.state.partner.words),
        ),
        listings=ListingsSpecimen(offer=Offer(sku=Sku(COAT), quantity=7, price=price), held=shown),
    )


SELLING = tuple(map(_specimen, ("csv", "edifact", "gs1")))
