"""Can receipts be read to their end, and gone on with another day?"""

from app.ports import ReceiptPage
from connectors.kit.bench import Plugged, outcome_of
from connectors.kit.findings import Finding, told
from connectors.kit.question import Reading
from connectors.kit.receipt_questions import read_receipts

PAGE = 2
MOST_PAGES = 200
FOREIGN_CURSOR = "not-a-cursor-of-this-source"


async def receipt_laws(plugged: Plugged, full: Reading) -> list[Finding]:
    """Of `ReceiptSource`: small pages hold the same, their last cursor stays, others are told."""
    findings = []
    outcome = await outcome_of(_leafed(plugged))
    if not isinstance(outcome, tuple):
        return [Finding("conformance", f"receipts, in pages of {PAGE}: {told(outcome)}")]
    reading, last = outcome
    if list(reading.rows)[: len(full.rows)] != list(full.rows):
        reason = f"receipts, in pages of {PAGE}: other rows than in one page"
        findings.append(Finding("conformance", reason))
    again = await outcome_of(_page(plugged, last.cursor))
    if not isinstance(again, ReceiptPage) or again.receipts or again.more:
        reason = f"receipts, from the last cursor on: {again!r}; there was nothing more"
        findings.append(Finding("conformance", reason))
    if (wrong := await plugged.refuses(_page(plugged, FOREIGN_CURSOR))) is not None:
        findings.append(Finding("errors-ours", f"receipts, with a foreign cursor: {wrong}"))
    return findings


async def _leafed(plugged: Plugged) -> tuple[Reading, ReceiptPage]:
    readings = []
    page = await _page(plugged, None)
    for _ in range(MOST_PAGES):
        readings.append(read_receipts(page))
        if not page.more:
            break
        page = await _page(plugged, page.cursor)
    rows = tuple(row for one in readings for row in one.rows)
    return Reading(rows=rows, as_of=(page.as_of,), rejected=0), page


async def _page(plugged: Plugged, after: str | None) -> ReceiptPage:
    plugged.line.calls = 0
    page: ReceiptPage = await plugged.connection.receipts(after, first=PAGE)
    return page
