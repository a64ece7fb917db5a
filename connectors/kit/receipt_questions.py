"""How is a source of receipts asked?"""

from typing import Any

from app.ports import ReceiptPage, ReceiptSource
from connectors.kit.question import Keys, Question, Reading
from connectors.kit.specimen import Specimen

PAGE = 50  # receipts asked for at once


def read_receipts(page: ReceiptPage) -> Reading:
    """A page of receipts, read like any other answer."""
    return Reading(
        rows=tuple((receipt.number, receipt) for receipt in page.receipts),
        as_of=(page.as_of,),
        rejected=len(page.rejected),
    )


async def _receipts(connection: ReceiptSource, _specimen: Specimen, _keys: Keys) -> Reading:
    return read_receipts(await connection.receipts(None, first=PAGE))


def _faults(receipt: Any, _specimen: Specimen) -> str | None:
    amounts = [receipt.total, *(line.total for line in receipt.lines)]
    if len({amount.currency for amount in amounts}) > 1:
        return "has amounts in several currencies"
    if any(amount.amount < 0 for amount in amounts):
        return "has an amount below zero"
    if any(line.quantity < 1 for line in receipt.lines):
        return "has a line without units"
    return "sold_at has no offset" if receipt.sold_at.utcoffset() is None else None


RECEIPT_QUESTIONS = (
    Question(
        port="ReceiptSource",
        name="receipts",
        ask=_receipts,
        takes_keys=False,
        faults=_faults,
        figures=True,
    ),
)
