"""What does a variant cost, and in which currency are the books kept?"""

from collections.abc import Sequence

from app.errors import UpstreamBroken
from app.ports import Answer, Price
from app.values import CurrencyCode, Sku
from connectors.tryton import mapping
from connectors.tryton.reading import read, read_coded
from connectors.tryton.rpc import Rpc, Search

NET, GROSS = "list_price_used", "gross_price_used"  # the price of the variant, else its template's


class Prices:
    """The prices of one company."""

    def __init__(self, rpc: Rpc, *, gross: bool) -> None:
        self._rpc = rpc
        self._field = GROSS if gross else NET
        self._currency: CurrencyCode | None = None

    async def currency(self) -> CurrencyCode:
        """The currency of the company, which never changes: one call, once."""
        if self._currency is None:
            self._currency = await self._asked_currency()
        return self._currency

    async def _asked_currency(self) -> CurrencyCode:
        company = [("id", "=", await self._rpc.company())]
        search = Search(model="company.company", domain=company, fields=["currency.code"])
        reply = await self._rpc.search("company", search)
        found = read(reply, mapping.company_currency)
        if not found.rows:
            raise UpstreamBroken("the company's currency was not told")
        return found.rows[0]

    async def prices(self, skus: Sequence[Sku], currency: CurrencyCode) -> Answer[Price]:
        """The prices of the SKUs that have one. One call."""
        search = Search(
            model="product.product",
            domain=[("code", "in", skus), ("salable", "=", True)],
            fields=["code", self._field],
        )
        reply = await self._rpc.search("prices", search)
        answer = read_coded(
            reply,
            mapping.product_code,
            lambda row, code: mapping.price(row, code, self._field, currency, as_of=reply.date),
        )
        priced = tuple(price for price in answer.rows if price is not None)
        return Answer(rows=priced, as_of=answer.as_of, rejected=answer.rejected)
