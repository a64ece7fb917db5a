"""Does a healthy payment provider move money once, and only as it is told?"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from app.errors import UpstreamRefused
from app.ports import Payment, PaymentKey, PaymentProvider, PaymentStatus
from app.values import Money
from connectors.kit.bench import Bench
from connectors.kit.findings import Finding, Findings
from connectors.kit.writes import a_payment, payments_held

AUTHORISED, DECLINED, VOIDED = (
    PaymentStatus.AUTHORISED,
    PaymentStatus.DECLINED,
    PaymentStatus.VOIDED,
)
NOBODY = PaymentKey("NO-SUCH-ORDER")


async def payment_laws(place: Bench) -> Collection[Finding]:
    """Of `PaymentProvider`."""
    first, second = [(await place.plug()).connection for _ in range(2)]
    counter = _Counter(place)
    with counter.caught("the provider"):
        await _once(counter, first, second)
        await _parts(counter, first)
        await _declined(counter, first)
        await _voided(counter, first, second)
    return counter.findings


class _Counter(Findings):
    def __init__(self, place: Bench) -> None:
        super().__init__()
        self.place = place

    def holds(self, law: str, key: str, *amounts: Decimal) -> None:
        """The provider has one payment of this key, with these amounts; or none."""
        held = [
            effect
            for effect in payments_held(self.place.specimen, self.place.wire.app)
            if effect[0] == key
        ]
        wanted = [(key, amounts)] if amounts else []
        if held != wanted:
            self.found("writes-idempotent", f"{law}: the provider holds {held}, not {wanted}")


def _amounts(payment: Payment) -> tuple[Decimal, Decimal, Decimal]:
    return payment.authorised.amount, payment.captured.amount, payment.refunded.amount


async def _once(counter: _Counter, first: PaymentProvider, second: PaymentProvider) -> None:
    request = a_payment(counter.place.specimen, "T-1")
    amount, nothing = request.amount.amount, Decimal(0)
    payment = await first.authorise(request)
    counter.check("authorised", payment.status, AUTHORISED)
    counter.check("authorised", _amounts(payment), (amount, nothing, nothing))
    counter.check("authorised again", await second.authorise(request), payment)
    more = replace(request, amount=Money(amount * 2, request.amount.currency))
    counter.check("authorised again, for more", await second.authorise(more), payment)
    counter.holds("authorised", "T-1", amount, nothing, nothing)
    asked = await first.payments([request.key, NOBODY, request.key])
    counter.check("payments by key", asked.rows, (payment,))
    counter.check("no keys", (await first.payments([])).rows, ())


async def _parts(counter: _Counter, provider: PaymentProvider) -> None:
    request = a_payment(counter.place.specimen, "T-2")
    whole, half = request.amount.amount, request.amount.amount / 2
    part = Money(half, request.amount.currency)
    await provider.authorise(request)
    for law in ("a part captured", "again"):
        captured = await provider.capture(request.key, part)
        counter.check(law, _amounts(captured), (whole, half, Decimal(0)))
    await provider.capture(request.key, request.amount)
    for law in ("a part refunded", "again"):
        refunded = await provider.give_back(request.key, part)
        counter.check(law, _amounts(refunded), (whole, whole, half))
    counter.holds("a part refunded", "T-2", whole, whole, half)
    more = Money(whole * 2, request.amount.currency)
    for law, write in (("more captured", provider.capture), ("more refunded", provider.give_back)):
        with suppress(UpstreamRefused):
            done = await write(request.key, more)
            counter.found("conformance", f"{law} than there is: {done!r}")
    counter.holds("more than there is", "T-2", whole, whole, half)


async def _declined(counter: _Counter, provider: PaymentProvider) -> None:
    payments = counter.place.specimen.payments
    token = "" if payments is None else payments.declined
    request = replace(a_payment(counter.place.specimen, "T-3"), token=token)
    payment = await provider.authorise(request)
    counter.check("declined", (payment.status, bool(payment.reason)), (DECLINED, True))
    counter.holds("declined", "T-3")


async def _voided(counter: _Counter, first: PaymentProvider, second: PaymentProvider) -> None:
    request, never = (a_payment(counter.place.specimen, key) for key in ("T-4", "T-5"))
    await first.authorise(request)
    for law in ("voided", "voided again"):
        payment = await second.void(request.key)
        counter.check(law, payment and payment.status, VOIDED)
    counter.holds("voided", "T-4")
    counter.check("voided before it was known", await first.void(never.key), None)
    late = await second.authorise(never)
    counter.check("authorised after it was voided", late.status, VOIDED)
    counter.holds("authorised after it was voided", "T-5")
