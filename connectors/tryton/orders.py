"""How is an order handed over to Tryton, so that there is one of it whatever happens?

Tryton knows no idempotency keys, and two sales may have one reference. So the sales of an order are
made as drafts, all in one call: drafts take no stock. Then those with our key are asked for, and of
several the first counts for everybody. It is quoted and confirmed, which takes its stock, and every
step finds out first how far it is. What somebody else made of the same order is undone, before and
after: a draft that is committed late is not seen by those who were faster, but whoever confirms
last sees both.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import Address, Answer, OrderKey, OrderStatus, SoldOrder, UpstreamOrder
from connectors.kit.rows import batches
from connectors.tryton import mapping
from connectors.tryton import order_mapping as orders
from connectors.tryton.order_mapping import Customer, Sale
from connectors.tryton.places import Places
from connectors.tryton.reading import merged, read, read_coded
from connectors.tryton.rpc import Rpc, Search, together

KEYS_PER_CALL = 200
OK = 200
STEPS = {"draft": "quote", "quotation": "confirm"}
SALE = (
    *("reference", "number", "state", "warehouse"),
    *("total_amount", "currency.code", "shipments.state"),
)
PARTY = ("addresses.street", "addresses.postal_code", "addresses.city")


class OrderDesk:
    """The sales of one company that carry our keys."""

    def __init__(self, rpc: Rpc, places: Places, *, now: Callable[[], datetime]) -> None:
        self._rpc = rpc
        self._places = places
        self._now = now

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        """See `OrderSink`."""
        sales = await self._sales(order.key)
        if not sales:
            await self._drafted(order)
            sales = await self._sales(order.key)
        await self._thrown_away(sales)
        return await self._confirmed(order.key, sales)

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        """See `OrderSink`."""
        if not keys:
            return Answer(rows=(), as_of=self._now())
        found = merged(await together(self._asked(chunk) for chunk in batches(keys, KEYS_PER_CALL)))
        by_key: dict[OrderKey, list[Sale]] = {}
        for sale in found.rows:
            by_key.setdefault(sale.key, []).append(sale)
        told = (orders.order(orders.chosen(sales)) for sales in by_key.values())
        rows = tuple(one for one in told if one is not None)
        return Answer(rows=rows, as_of=found.as_of, rejected=found.rejected)

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """See `OrderSink`. Shipments are cancelled; drafts are thrown away."""
        sales = await self._sales(key)
        if not sales:
            return None
        begun = [one.id for one in sales if one.status is None]
        going = orders.in_force(sales)
        shipments = [shipment for one in going for shipment in one.shipments]
        pressed = {"sale.sale": begun, "stock.shipment.out": shipments}
        refusals = [
            await self._refusal("cancel", model, records)
            for model, records in pressed.items()
            if records
        ]
        again = await self._sales(key, written=None in refusals)
        told = orders.order(orders.chosen(again))
        if told is None or told.status is not OrderStatus.CANCELLED or orders.in_force(again):
            raise next(filter(None, refusals), UpstreamRefused("the order cannot be cancelled"))
        return told

    async def _drafted(self, order: SoldOrder) -> None:
        """The sales of a new order, one for each warehouse, made in one transaction."""
        skus = sorted({line.sku for line in order.lines})
        search = Search(
            model="product.product",
            domain=[("code", "in", skus), ("salable", "=", True)],
            fields=("code", "sale_uom", "default_uom"),
        )
        reply = await self._rpc.search("sold-products", search)
        coded = read_coded(reply, mapping.product_code, lambda row, code: (code, orders.goods(row)))
        known = dict(coded.rows)
        places = {place.code: place.id for place in (await self._places.warehouses()).rows}
        if any(line.sku not in known for line in order.lines):
            raise UpstreamRefused("a SKU of the order is not known")
        if any(line.location not in places for line in order.lines):
            raise UpstreamRefused("a location of the order is not known")
        shares: dict[int, list[dict[str, object]]] = {}
        for line in order.lines:
            share = shares.setdefault(places[line.location], [])
            share.extend(orders.lines(line, known[line.sku]))
        next(iter(shares.values())).extend(orders.delivery(order))
        customer = await self._customer(order)
        values = [orders.new_sale(order, customer, place, made) for place, made in shares.items()]
        await self._rpc.change("draft-sales", "model.sale.sale.create", values)

    async def _customer(self, order: SoldOrder) -> Customer:
        """The party with the buyer's e-mail address; made, like its address, when missing."""
        wanted = order.address or Address()
        search = Search(
            model="party.party",
            domain=[("contact_mechanisms.value", "=", order.buyer.email)],
            fields=PARTY,
            limit=1,
        )
        found = read(
            await self._rpc.search("party", search), lambda row: orders.customer(row, wanted)
        )
        if found.rejected:
            raise UpstreamBroken("the buyer's party cannot be read")
        if not found.rows:
            country = await self._country(wanted)
            values = orders.new_party(order, country)
            await self._rpc.change("new-party", "model.party.party.create", [values])
            return await self._customer_again(search, wanted)
        party, address = found.rows[0]
        if address is None:
            country = await self._country(wanted)
            values = {**orders.new_address(wanted, country), "party": party}
            await self._rpc.change("new-address", "model.party.address.create", [values])
            return await self._customer_again(search, wanted)
        return Customer(party=party, address=address)

    async def _customer_again(self, search: Search, wanted: Address) -> Customer:
        found = read(
            await self._rpc.search("party", search), lambda row: orders.customer(row, wanted)
        )
        for party, address in found.rows:
            if address is not None:
                return Customer(party=party, address=address)
        raise UpstreamBroken("the buyer's party was made, and is not found")

    async def _country(self, address: Address) -> int | None:
        if address.country is None:
            return None
        search = Search(
            model="country.country", fields=("code",), domain=[("code", "=", address.country)]
        )
        found = read(await self._rpc.search("country", search), mapping.record_id)
        return next(iter(found.rows), None)

    async def _confirmed(self, key: OrderKey, sales: Sequence[Sale]) -> UpstreamOrder:
        """Press on until nothing has only begun any more."""
        for state, button in STEPS.items():
            waiting = [one.id for one in orders.chosen(sales) if one.state == state]
            if not waiting:
                continue
            refusal = await self._refusal(button, "sale.sale", waiting)
            confirmed = button == "confirm" and refusal is None
            sales = await self._sales(key, written=confirmed)
            if refusal is not None and any(one.state == state for one in orders.chosen(sales)):
                raise refusal  # it is where it was: nobody else has pressed the button
        await self._thrown_away(sales)
        if (told := orders.order(orders.chosen(await self._stopped(key, sales)))) is None:
            raise UpstreamBroken("the order was confirmed, and is not")
        return told

    async def _stopped(self, key: OrderKey, sales: Sequence[Sale]) -> Sequence[Sale]:
        """The sales without a second one in force, whose goods are given back."""
        if not (twice := orders.in_force(orders.spare(sales))):
            return sales
        shipments = [shipment for one in twice for shipment in one.shipments]
        await self._refusal("cancel", "stock.shipment.out", shipments)
        again = await self._sales(key, written=True)
        if orders.in_force(orders.spare(again)):
            raise UpstreamBroken("the order is in force twice, and one cannot be stopped")
        return again

    async def _refusal(
        self, button: str, model: str, records: Sequence[int]
    ) -> UpstreamRefused | None:
        """Press a button; a no may only mean that somebody was faster."""
        try:
            await self._rpc.change(f"{button}-{model}", f"model.{model}.{button}", list(records))
        except UpstreamRefused as refusal:
            return refusal
        return None

    async def _thrown_away(self, sales: Sequence[Sale]) -> None:
        """What was begun twice takes no stock: that it stays is no reason to fail."""
        begun = [one for one in orders.spare(sales) if one.status is None]
        quoted = [one.id for one in begun if one.state != "draft"]
        with suppress(UpstreamError):
            if quoted:
                await self._rpc.change("reopen-sales", "model.sale.sale.draft", quoted)
            if begun:
                spare = [one.id for one in begun]
                await self._rpc.change("delete-sales", "model.sale.sale.delete", spare)

    async def _sales(self, key: OrderKey, *, written: bool = False) -> Sequence[Sale]:
        """The sales with the key; once something was `written`, no failure says it was not."""
        try:
            found = await self._asked([key])
        except (UpstreamRefused, UpstreamThrottled, UpstreamUnauthorized) as error:
            if not written:
                raise
            raise UpstreamUnavailable("it may have happened; nobody could be asked") from error
        if found.rejected:
            raise UpstreamBroken("a sale with the key cannot be read")
        return [one for one in found.rows if one.key == key]

    async def _asked(self, keys: Sequence[OrderKey]) -> Answer[Sale]:
        search = Search(model="sale.sale", domain=[("reference", "in", keys)], fields=SALE)
        try:
            reply = await self._rpc.search("sales", search)
        except UpstreamRefused as error:
            if error.status != OK:
                raise
            # Tryton has no other word for a missing right, and nothing else to say no to.
            raise UpstreamUnauthorized("the user may not read sales") from error
        return read(reply, orders.sale)
