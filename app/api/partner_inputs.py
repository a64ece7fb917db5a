"""What do partners say who sell? The inputs of their mutations."""

from hashlib import sha256

import orjson
import strawberry

from app.api.order_inputs import OrderAddressInput, OrderBuyerInput, keyed, plain
from app.api.promise_input import PromisePreference
from app.carts.refusals import InvalidCartInput
from app.errors import InvalidInputError
from app.orders.wholesale import PartnerOrder
from app.promises.model import Line
from app.promises.question import MOST_LINES
from app.promises.ranking import Preference
from app.promises.refusals import QuantityRefused
from app.store.keys import Once
from app.values import CurrencyCode, Sku

LONGEST_REFERENCE = 80


@strawberry.input(description="Units of a SKU that a partner has sold.")
class PartnerOrderLineInput:
    """Lines of the same SKU count together."""

    sku: Sku = strawberry.field(description="One of the partner's assortment.")
    quantity: int = strawberry.field(description="Units, 1 to 9,999.")


@strawberry.input(description="An order that a partner has taken, to be sent to its buyer.")
class PartnerOrderPlaceInput:
    """See partnerOrderPlace."""

    reference: str = strawberry.field(
        description="What the partner calls the order, 1 to 80 characters: good for one order."
    )
    lines: list[PartnerOrderLineInput] = strawberry.field(description="1 to 100 lines.")
    buyer: OrderBuyerInput = strawberry.field(description="Whom it is for.")
    address: OrderAddressInput = strawberry.field(description="Where it is to be sent.")
    currency: CurrencyCode | None = strawberry.field(
        default=None,
        description="In which it is settled: one of the partner's, the first if not given.",
    )
    preference: PromisePreference | None = strawberry.field(
        default=None,
        description="Which way it goes, of those there are; the retailer's rules if not given.",
    )
    idempotency_key: str = strawberry.field(
        description="16 to 100 characters that are only this request's, such as a UUID: asked again"
        " with the same key, it is the same order."
    )

    def order(self, partner: str) -> PartnerOrder:
        """As the domain has it.

        Raises:
            Refusal: it cannot be.
        """
        plain(self.reference, "reference", most=LONGEST_REFERENCE)
        if len(self.lines) > MOST_LINES:
            raise QuantityRefused(f"There are 1 to {MOST_LINES} lines.", "input", "lines")
        return PartnerOrder(
            once=self._once(partner),
            reference=self.reference,
            lines=tuple(Line(one.sku, one.quantity) for one in self.lines),
            buyer=self.buyer.buyer(),
            address=self.address.address(),
            currency=self.currency,
            preference=self._preference(),
        )

    def _once(self, partner: str) -> Once:
        said = [self.reference, self.lines, self.buyer, self.address, self.currency]
        digest = sha256(orjson.dumps([*said, self.preference])).hexdigest()
        return keyed(f"partner:{partner}", self.idempotency_key, digest)

    def _preference(self) -> Preference | None:
        try:
            return None if self.preference is None else self.preference.preference()
        except InvalidInputError as error:
            raise InvalidCartInput(str(error), path=("preference",)) from error


@strawberry.input(description="An order that a partner's buyer does not want any more.")
class PartnerOrderCancelInput:
    """See partnerOrderCancel."""

    number: strawberry.ID | None = strawberry.field(
        default=None, description="The number of the order; this or its reference."
    )
    reference: str | None = strawberry.field(
        default=None, description="What the partner calls it; this or its number."
    )
    idempotency_key: str = strawberry.field(
        description="16 to 100 characters that are only this request's: asked again with the same"
        " key, it is the same order as it stands."
    )

    def once(self, partner: str) -> Once:
        """What makes it one cancellation.

        Raises:
            InvalidCartInput: the key is none, or the order is not named once.
        """
        if (self.number is None) == (self.reference is None):
            raise InvalidCartInput("Name the order by number or by reference.", path=("number",))
        digest = sha256(orjson.dumps([self.number, self.reference])).hexdigest()
        return keyed(f"partner-cancel:{partner}", self.idempotency_key, digest)
