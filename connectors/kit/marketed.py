"""Is a healthy marketplace read to its end, and told each thing once?"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from app.errors import UpstreamRefused
from app.ports import (
    ListingSink,
    MarketOrderNumber,
    MarketOrderPage,
    Offer,
    OfferState,
    OrderSource,
    PublicationKey,
)
from app.values import Sku
from connectors.kit.bench import Bench, Plugged, outcome_of
from connectors.kit.findings import Finding, Findings, told
from connectors.kit.market_questions import market_of, read_orders
from connectors.kit.market_writes import (
    ACKNOWLEDGED,
    a_parcel,
    a_word,
    figures,
    listings_of,
    market_held,
    shipped,
)
from connectors.kit.question import Reading

PAGE = 2
MOST_PAGES = 50
FOREIGN_CURSOR = "not-a-cursor-of-this-source"
NOBODYS = MarketOrderNumber("000-0000000-0000000")
ACCEPTED, REFUSED = OfferState.ACCEPTED, OfferState.REFUSED


async def page_laws(plugged: Plugged, full: Reading) -> list[Finding]:
    """Of `orders`: small pages tell of the same, and a foreign cursor is told."""
    outcome = await outcome_of(_leafed(plugged))
    if not isinstance(outcome, tuple):
        return [Finding("conformance", f"orders, in pages of {PAGE}: {told(outcome)}")]
    findings, (facts, longest, last) = [], outcome
    if facts != full.facts:
        reason = f"orders, in pages of {PAGE}: other orders than in one page"
        findings.append(Finding("conformance", reason))
    if longest > PAGE:
        findings.append(Finding("conformance", f"orders: {longest} came, {PAGE} were asked for"))
    again = await outcome_of(_page(plugged, last.cursor))
    if not isinstance(again, MarketOrderPage) or again.more:
        findings.append(Finding("conformance", f"orders, from the last cursor on: {again!r}"))
    if (wrong := await plugged.refuses(_page(plugged, FOREIGN_CURSOR))) is not None:
        findings.append(Finding("errors-ours", f"orders, with a foreign cursor: {wrong}"))
    return findings


async def _leafed(plugged: Plugged) -> tuple[dict[Any, Any], int, MarketOrderPage]:
    facts: dict[Any, Any] = {}
    longest, page = 0, await _page(plugged, None)
    for _ in range(MOST_PAGES):
        facts.update(read_orders(page).facts)
        longest = max(longest, len(page.orders))
        if not page.more:
            break
        page = await _page(plugged, page.cursor)
    return facts, longest, page


async def _page(plugged: Plugged, after: str | None) -> MarketOrderPage:
    plugged.line.calls = 0
    page: MarketOrderPage = await plugged.connection.orders(after, first=PAGE)
    return page


async def market_laws(place: Bench) -> Collection[Finding]:
    """Of what an `OrderSource` is told."""
    first, second = [(await place.plug()).connection for _ in range(2)]
    ledger = Findings()
    with ledger.caught("the marketplace"):
        await _parcels(ledger, place, first, second)
        await _words(ledger, place, first, second)
        await _nobodys(ledger, place, first)
    return ledger.findings


async def _parcels(ledger: Findings, place: Bench, first: OrderSource, second: OrderSource) -> None:
    parcel = a_parcel(place.specimen, "T-1")
    receipt = await first.confirm_shipment(parcel)
    ledger.check("shipped", (receipt.key, receipt.order), (parcel.key, parcel.order))
    for law, source in (("shipped again", first), ("again by another connection", second)):
        ledger.check(law, await source.confirm_shipment(parcel), receipt)
        held = market_held(place.specimen, place.wire.app)
        ledger.check(law, held, [shipped(parcel)], "writes-idempotent")
    (order,) = (await second.numbered([parcel.order])).rows
    left = {line.reference: line.shipped for line in order.lines if line.shipped}
    ledger.check("what left, by line", left, shipped(parcel)[1])


async def _words(ledger: Findings, place: Bench, first: OrderSource, second: OrderSource) -> None:
    word, before = a_word(place.specimen, "T-2"), market_held(place.specimen, place.wire.app)
    receipt = await first.acknowledge(word)
    ledger.check("acknowledged", (receipt.key, receipt.order), (word.key, word.order))
    ledger.check("acknowledged again", await second.acknowledge(word), receipt)
    held = market_held(place.specimen, place.wire.app)
    wanted = [*before, (str(word.order), ACKNOWLEDGED)]
    ledger.check("acknowledged again", held, wanted, "writes-idempotent")


async def _nobodys(ledger: Findings, place: Bench, source: OrderSource) -> None:
    before, asked = market_held(place.specimen, place.wire.app), market_of(place.specimen).numbers
    parcel = replace(a_parcel(place.specimen, "T-3"), order=NOBODYS)
    word = a_word(place.specimen, "T-4", NOBODYS)
    outcomes = (source.confirm_shipment(parcel), source.acknowledge(word))
    for outcome in [await outcome_of(one) for one in outcomes]:
        ledger.check("an order nobody knows", type(outcome), UpstreamRefused)
    ledger.check("an order nobody knows", market_held(place.specimen, place.wire.app), before)
    rows = (await source.numbered([NOBODYS, *asked])).rows
    ledger.check("orders by number", {row.number for row in rows}, set(asked))
    ledger.check("no numbers", (await source.numbered([])).rows, ())


async def listing_laws(place: Bench) -> Collection[Finding]:
    """Of `ListingSink`."""
    sink, ledger = (await place.plug()).connection, Findings()
    with ledger.caught("the marketplace"):
        await _published(ledger, place, sink)
    return ledger.findings


async def _published(ledger: Findings, place: Bench, sink: ListingSink) -> None:
    listings = listings_of(place.specimen)
    offer, unknown = listings.offer, replace(listings.offer, sku=Sku("NO-SUCH-SKU"))
    for law in ("published", "published again"):
        answer = await sink.publish([unknown, offer], key=PublicationKey("T-1"))
        states = {row.sku: row.state for row in answer.rows}
        ledger.check(law, states, {offer.sku: ACCEPTED, unknown.sku: REFUSED})
        ledger.check(law, listings.held(place.wire.app), [figures(offer)], "writes-idempotent")
    (row,) = (await sink.listings([offer.sku, unknown.sku])).rows
    listed = Offer(sku=row.sku, quantity=row.quantity, price=row.price)
    ledger.check("what is listed", listed, offer)
    empty = await sink.publish([], key=PublicationKey("T-2"))
    ledger.check("no offers", empty.rows, ())
    ledger.check("no SKUs", (await sink.listings([])).rows, ())
