"""A partner in miniature: takes orders out of the outbox as files, and answers with files.

The desk is the real one, over files in memory. The partner reads and writes files by its own few
lines, not by those of the desk.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from app.ports import Address, Buyer, OrderKey, SoldLine, SoldOrder
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)
from connectors.filedrop.desk import Desk
from connectors.filedrop.desk import app as desks
from connectors.filedrop.drop import At
from connectors.filedrop.memory import AT, MemoryDrop
from connectors.filedrop.selling_specimen import SELLING
from connectors.filedrop.settings import Settings
from connectors.kit.specimen import Asgi, Effect, OrdersSpecimen, Specimen

STOCKED: Mapping[str, Mapping[str, int]] = {
    "MUG-BLUE": {"4012345000009": 12, "4012345000016": 0},
    "TENT-2P": {"4012345000009": 3},
    "ROPE-M": {"4012345000016": 140},
}


class TinyPartner(MemoryDrop):
    """Whatever is put into the outbox is taken away, booked and answered at once."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        self.book: list[tuple[str, dict[str, int]]] = []
        self.cancelled: set[str] = set()
        self._answers = 0
        stock = {"csv": _stock_table, "edifact": _stock_interchange}[form]
        self.kept[At("in", f"stock-1{ENDINGS[form]}")] = (stock(), AT)

    async def put(self, source: At, target: At) -> None:
        """See `Drop`."""
        await super().put(source, target)
        if target.folder == "out":
            data, _ = self.kept.pop(target)
            self._taken(data.decode("latin-1" if self.form == "edifact" else "utf-8"))

    def in_force(self) -> list[Effect]:
        """The orders that are to be carried out; one that came twice is there twice."""
        return [(number, units) for number, units in self.book if number not in self.cancelled]

    def _taken(self, text: str) -> None:
        number, of, units = {"csv": _order_table, "edifact": _order_interchange}[self.form](text)
        yes = set(units) <= set(STOCKED)
        if of:
            self.cancelled.add(of)
        elif yes:
            self.book.append((number, units))
        self._answers += 1
        answer = {"csv": _answer_table, "edifact": _answer_interchange}[self.form](
            number, self._answers, yes=yes
        )
        name = f"answer-{self._answers}{ENDINGS[self.form]}"
        self.kept[At("in", name)] = (answer.encode(), AT)


ENDINGS = {"csv": ".csv", "edifact": ".edi"}


def _stock_table() -> bytes:
    rows = ["Artikel;Lager;Bestand;Stand"]
    rows += [
        f"{sku};{place};{units},0;2026-11-20 07:30"
        for sku, places in STOCKED.items()
        for place, units in places.items()
    ]
    return ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()


def _stock_interchange() -> bytes:
    inside = ["BGM+35+STOCK1+9", "DTM+137:202611200730:203"]
    for count, (sku, places) in enumerate(STOCKED.items(), 1):
        inside += [f"LIN+{count}", f"PIA+5+{sku}:IN"]
        for place, units in places.items():
            inside += [f"QTY+145:{units}", f"LOC+14+{place}"]
    return _interchange("INVRPT:D:96A:UN:EAN008", inside).encode()


def _interchange(kind: str, inside: list[str], reference: int = 1) -> str:
    segments = [
        f"UNB+UNOC:3+PARTNER+TESSERA+261120:0730+{reference}",
        f"UNH+1+{kind}",
        *inside,
        f"UNT+{len(inside) + 2}+1",
        f"UNZ+1+{reference}",
    ]
    return "".join(f"{one}'" for one in segments)


def _order_table(text: str) -> tuple[str, str, dict[str, int]]:
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    units: Counter[str] = Counter()
    for row in rows:
        if row["action"] == "ORDER":
            units[row["sku"]] += int(row["quantity"])
    return rows[0]["number"], rows[0]["of"], dict(units)


def _order_interchange(text: str) -> tuple[str, str, dict[str, int]]:
    number = re.findall(r"BGM\+\d+\+([^+']+)", text)[0]
    of = re.findall(r"RFF\+ON:([^+']+)", text)
    units: Counter[str] = Counter()
    for sku, quantity in re.findall(r"PIA\+5\+([^:']+):IN'\s*QTY\+21:(\d+)", text):
        units[sku] += int(quantity)
    return number, "".join(of), dict(units)


def _answer_table(number: str, count: int, *, yes: bool) -> str:
    said = "ja" if yes else "nein"
    return f"Nummer;Antwort;Beleg;Stand\n{number};{said};B{count};2026-11-20 07:31\n"


def _answer_interchange(number: str, count: int, *, yes: bool) -> str:
    inside = [
        f"BGM+231+B{count}+{'29' if yes else '27'}",
        "DTM+137:202611200731:203",
        f"RFF+ON:{number}",
    ]
    return _interchange("ORDRSP:D:96A:UN:EAN005", inside, count)


DATES = {"zone": "Europe/Berlin"}
TABLE = {"delimiter": ";", "decimal": ","}
LIMITS: Mapping[str, Any] = {"folder": "/drop", "every": "PT30S"}
CSV: Mapping[str, Any] = {
    **LIMITS,
    "stock": {
        "full": ["stock-*.csv"],
        "columns": {
            "sku": "Artikel",
            "place": "Lager",
            "on_hand": "Bestand",
            "as_of": "Stand",
        },
        "table": TABLE,
        "dates": DATES,
    },
    "orders": {
        "answers": ["answer-*.csv"],
        "answer_within": "PT1S",
        "columns": {
            "number": "Nummer",
            "state": "Antwort",
            "reference": "Beleg",
            "as_of": "Stand",
        },
        "states": {"ja": "ACCEPTED", "nein": "REFUSED"},
        "table": TABLE,
        "dates": DATES,
    },
}
EDIFACT: Mapping[str, Any] = {
    **LIMITS,
    "stock": {"format": "edifact", "full": ["stock-*.edi"], "dates": DATES},
    "orders": {
        "format": "edifact",
        "answers": ["answer-*.edi"],
        "answer_within": "PT1S",
        "dates": DATES,
    },
}


def app(form: str = "csv") -> Asgi:
    """A fresh desk and its partner."""
    partner = TinyPartner(form)
    settings = Settings.model_validate({"csv": CSV, "edifact": EDIFACT}[form])
    made = desks({"": Desk(settings, partner)})
    made.state.partner = partner
    return cast("Asgi", made)


def _held(app: Any) -> list[Effect]:
    found: list[Effect] = app.state.partner.in_force()
    return found


def an_order() -> SoldOrder:
    """Two lines out of two places."""
    euro = CurrencyCode("EUR")
    return SoldOrder(
        key=OrderKey("T-0"),
        placed_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
        channel=ChannelCode("WEB"),
        lines=(
            SoldLine(
                sku=Sku("MUG-BLUE"),
                quantity=2,
                unit_price=Money(Decimal("9.90"), euro),
                location=LocationCode("SUP-1"),
            ),
            SoldLine(
                sku=Sku("ROPE-M"),
                quantity=1,
                unit_price=Money(Decimal("24.00"), euro),
                location=LocationCode("SUP-2"),
            ),
        ),
        buyer=Buyer(name="Žofia O'Neill", email="zofia@example.org", phone="+4915112345678"),
        method=FulfilmentMethod.SHIP_TO_HOME,
        address=Address(
            lines=("Größe Gasse 5", "3. Stock"),
            postal_code="10115",
            city="Berlin",
            country=CountryCode("DE"),
        ),
        delivery=Money(Decimal("4.90"), euro),
        total=Money(Decimal("48.70"), euro),
    )


SPECIMENS = (
    *SELLING,
    *(
        Specimen(
            label=form,
            app=made,
            settings=settings,
            ports=frozenset({"OrderSink", "StockSource"}),
            skus=tuple(map(Sku, STOCKED)),
            locations={
                LocationCode("SUP-1"): "4012345000009",
                LocationCode("SUP-2"): "4012345000016",
            },
            orders=OrdersSpecimen(order=an_order(), held=_held),
        )
        for form, made, settings in (
            ("csv", app, CSV),
            ("edifact", lambda: app("edifact"), EDIFACT),
        )
    ),
)
