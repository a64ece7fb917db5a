"""How is an order handed over to Vendure, so that there is one of it whatever happens?

Vendure knows no idempotency keys. So a draft is made, which nobody sees and which takes no stock,
and filled; then our key is written on it, into a custom field that is unique: whoever comes second
is told so, throws the own draft away and goes on with the other. Only then the order is paid by
hand, which is what takes its stock. Every step finds out first how far the order with the key is.
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.errors import UpstreamBroken, UpstreamError, UpstreamRefused, UpstreamUnavailable
from app.ports import Answer, OrderKey, SoldOrder, UpstreamOrder, Wiring
from app.values import ChannelCode, LocationCode
from connectors.kit.rows import answer, batches
from connectors.vendure import order_documents as documents
from connectors.vendure import order_mapping as mapping
from connectors.vendure.access import Access
from connectors.vendure.api import Reply
from connectors.vendure.lists import joined, present, together
from connectors.vendure.mapping import place
from connectors.vendure.order_mapping import Found, Spot
from connectors.vendure.settings import Orders, Settings

ORDER = "Order"
REASON = "cancelled by the gateway"


class OrderDesk:
    """The orders of one shop that carry our keys."""

    def __init__(self, settings: Settings, orders: Orders, wiring: Wiring, access: Access) -> None:
        self._settings = settings
        self._orders = orders
        self._now = wiring.now
        self._codes = {vendor: code for code, vendor in wiring.locations.items()}
        self._access = access

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        """See `OrderSink`. Five calls for a new order, one for a known one."""
        method = self._orders.shipping_methods.get(order.method)
        if method is None:
            raise UpstreamRefused("no shipping method stands for this way of delivery")
        reply = await self._looked_up(order, method)
        begun = self._by_key(reply, order.key)
        if begun is None:
            begun = await self._begun(order, reply)
        return begun.told or await self._arranged(begun, order.channel)

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        """See `OrderSink`."""
        if not keys:
            return Answer(rows=(), as_of=self._now())
        chunks = batches(sorted(keys), self._settings.page_size)
        found = joined(await together(self._asked(chunk) for chunk in chunks))
        told = Answer(
            rows=tuple({one.key: one.told for one in found.rows}.values()),
            as_of=found.as_of,
            rejected=found.rejected,
        )
        return present(told)

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """See `OrderSink`. A draft is deleted, so that nobody finishes it."""
        if (found := await self._found(key)) is None:
            return None
        if found.state == "Draft":
            await self._access.administer(documents.DELETE, {"order": found.id})
        elif found.state != "Cancelled":
            asked = {"orderId": found.id, "cancelShipping": True, "reason": REASON}
            reply = await self._access.administer(documents.CANCEL, {"input": asked})
            again = await self._certainly(key)
            if again is None or again.state != "Cancelled":
                raise _refused(reply, "cancelOrder")
            return again.told
        return found.told

    async def _looked_up(self, order: SoldOrder, method: str) -> Reply:
        many, some = {"take": self._settings.page_size}, {"take": 10}
        skus = sorted({line.sku for line in order.lines})
        variables = {
            "orders": {**some, "filter": self._having([order.key])},
            "variants": {**many, "filter": {"sku": {"in": skus}}},
            "customers": {**some, "filter": {"emailAddress": {"eq": order.buyer.email}}},
            "methods": {**some, "filter": {"code": {"eq": method}}},
            "locations": many,
        }
        operation = documents.find(self._orders.key_field)
        return await self._access.administer(operation, variables, channel=order.channel)

    async def _begun(self, order: SoldOrder, reply: Reply) -> Found:
        """The order with the key, made if nobody else was faster."""
        wanted = self._wanted(order, reply)
        method = _only(reply, "shippingMethods", "the shipping method is not known")
        created = await self._access.administer(documents.CREATE, {}, channel=order.channel)
        draft = created.word("createDraftOrder", "id")
        try:
            await self._filled(draft, order, wanted, reply, method)
        except UpstreamRefused:
            await self._thrown_away(draft)
            raise
        return await self._claimed(draft, order)

    def _wanted(self, order: SoldOrder, reply: Reply) -> dict[Spot, Mapping[str, Any]]:
        """The lines, by what Vendure calls their variants and locations."""
        field = self._orders.location_field
        variants = _ids(reply, "productVariants", "sku")
        codes = {code: own for own, code in self._places(reply).rows}
        lines: dict[Spot, Mapping[str, Any]] = {}
        for line in order.lines:
            if (variant := variants.get(line.sku)) is None:
                raise UpstreamRefused("a SKU of the order is not known")
            location = codes.get(line.location) if field is not None else None
            if field is not None and location is None:
                raise UpstreamRefused("a location of the order is not known")
            spot = (variant, location)
            item = mapping.item(line, spot, field)
            before = lines.get(spot, {"quantity": 0})["quantity"]
            lines[spot] = {**item, "quantity": item["quantity"] + before}
        return lines

    def _places(self, reply: Reply) -> Answer[tuple[str, LocationCode]]:
        return answer(
            reply.rows("stockLocations"),
            lambda row: place(row, codes=self._codes),
            as_of=reply.as_of,
            reference=lambda row: row["id"],
        )

    async def _filled(
        self,
        draft: str,
        order: SoldOrder,
        wanted: Mapping[Spot, Mapping[str, Any]],
        known: Reply,
        method: str,
    ) -> None:
        customers = _ids(known, "customers", "emailAddress")
        customer = customers.get(order.buyer.email)
        variables = {
            "order": draft,
            "customer": customer,
            "buyer": mapping.buyer(order) if customer is None else None,
            "address": mapping.address(order),
            "addressed": order.address is not None,
            "method": method,
            **{f"line{number}": item for number, item in enumerate(wanted.values())},
        }
        operation = documents.fill(len(wanted), self._orders.location_field)
        reply = await self._access.administer(operation, variables, channel=order.channel)
        _check(reply)
        counts = {spot: item["quantity"] for spot, item in wanted.items()}
        if self._lines(reply, len(wanted)) != counts:
            await self._adjusted(draft, order.channel, counts, reply)

    def _lines(self, reply: Reply, count: int) -> dict[Spot, int]:
        return {spot: units for spot, (_, units) in self._told_lines(reply, count).items()}

    def _told_lines(self, reply: Reply, count: int) -> dict[Spot, tuple[str, int]]:
        try:
            last = reply.data[f"line{count - 1}"]
            return mapping.quantities(last, self._orders.location_field)
        except (LookupError, TypeError) as error:
            raise UpstreamBroken("the lines of the draft cannot be read") from error

    async def _adjusted(
        self, draft: str, channel: ChannelCode, counts: Mapping[Spot, int], reply: Reply
    ) -> None:
        """The draft was filled twice on the way: give each line the quantity that was meant."""
        there = self._told_lines(reply, len(counts))
        if there.keys() != counts.keys():
            raise UpstreamBroken("the draft has other lines than were added")
        lines = {
            f"line{number}": {"orderLineId": line, "quantity": counts[spot]}
            for number, (spot, (line, _)) in enumerate(there.items())
        }
        operation = documents.adjust(len(lines), self._orders.location_field)
        adjusted = await self._access.administer(
            operation, {"order": draft, **lines}, channel=channel
        )
        _check(adjusted)
        if self._lines(adjusted, len(lines)) != counts:
            raise UpstreamBroken("the draft has other quantities than were meant")

    async def _claimed(self, draft: str, order: SoldOrder) -> Found:
        operation = documents.claim(self._orders.key_field)
        try:
            await self._access.administer(
                operation, {"order": draft, "key": order.key}, channel=order.channel
            )
        except UpstreamUnavailable:
            # Also what Vendure says when another order has the key.
            if (winner := await self._found(order.key)) is None:
                raise
            if winner.id != draft:
                await self._thrown_away(draft)
            return winner
        return Found(id=draft, key=order.key, state="Draft", told=None)

    async def _arranged(self, begun: Found, channel: ChannelCode) -> UpstreamOrder:
        """Paid by hand, which makes it an order; one that was before stays as it is."""
        payment = {
            "orderId": begun.id,
            "method": self._orders.payment_method,
            "transactionId": begun.key,
            "metadata": {},
        }
        variables = {"order": begun.id, "payment": payment}
        reply = await self._access.administer(documents.ARRANGE, variables, channel=channel)
        found = await self._certainly(begun.key)
        if found is not None and found.told is not None:
            return found.told
        raise _refused(reply, "transitionOrderToState", "addManualPaymentToOrder")

    async def _certainly(self, key: OrderKey) -> Found | None:
        """What became of a write; whatever goes wrong now, it may have happened."""
        try:
            return await self._found(key)
        except (UpstreamUnavailable, UpstreamBroken):
            raise
        except UpstreamError as error:
            raise UpstreamUnavailable("it may have happened; nobody could be asked") from error

    async def _thrown_away(self, draft: str) -> None:
        """A draft that nobody needs takes no stock: that it stays is no reason to fail."""
        try:
            await self._access.administer(documents.DELETE, {"order": draft})
        except UpstreamError:
            return

    async def _found(self, key: OrderKey) -> Found | None:
        found = await self._asked([key])
        if found.rejected:
            raise UpstreamBroken("the order with the key cannot be read")
        return next((one for one in found.rows if one.key == key), None)

    def _by_key(self, reply: Reply, key: OrderKey) -> Found | None:
        found = self._read(reply)
        if found.rejected:
            raise UpstreamBroken("the order with the key cannot be read")
        return next((one for one in found.rows if one.key == key), None)

    async def _asked(self, keys: list[OrderKey]) -> Answer[Found]:
        options = {"take": self._settings.page_size, "filter": self._having(keys)}
        operation = documents.orders(self._orders.key_field)
        return self._read(await self._access.administer(operation, {"orders": options}))

    def _read(self, reply: Reply) -> Answer[Found]:
        decimals = reply.number("globalSettings", "serverConfig", "moneyStrategyPrecision")
        return answer(
            reply.rows("orders"),
            lambda row: mapping.found(row, self._orders.key_field, decimals),
            as_of=reply.as_of,
            reference=lambda row: row["id"],
        )

    def _having(self, keys: Collection[OrderKey]) -> dict[str, Any]:
        return {self._orders.key_field: {"in": sorted(keys)}}


def _ids(reply: Reply, field: str, name: str) -> dict[str, str]:
    """The ids of rows by another value; the oldest has it."""
    found: dict[str, str] = {}
    for row in reply.rows(field):
        if isinstance(row, Mapping) and isinstance(row.get("id"), str):
            found.setdefault(str(row.get(name)), row["id"])
    return found


def _only(reply: Reply, field: str, lack: str) -> str:
    ids = reply.ids(field)
    if not ids:
        raise UpstreamRefused(lack)
    return ids[0]


def _check(reply: Reply) -> None:
    """Raise when a step was answered with an error of the shop's rules."""
    for step, told in reply.data.items():
        if not isinstance(told, Mapping):
            raise UpstreamBroken(f"{reply.operation.call} told nothing of a step")
        if "errorCode" in told:
            raise _refused(reply, step)


def _refused(reply: Reply, *steps: str) -> UpstreamError:
    codes = [told.get("errorCode") for step in steps if (told := reply.data.get(step))]
    known = [code for code in codes if isinstance(code, str) and code.isidentifier()]
    if not known:
        return UpstreamBroken(f"{reply.operation.call} told neither of an order nor of an error")
    return UpstreamRefused(f"answered {reply.operation.call} with {known[0]}")
