"""Baskets and rules for tests: valid defaults, only the words that matter in the test."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from app.pricing.evaluation import evaluate
from app.pricing.model import ANYBODY, Basket, BasketLine, PricedBasket, Standing
from app.pricing.rules import RuleBook
from app.settings import Pricing
from app.values import ChannelCode, CurrencyCode, Money, Sku
from tests.builders import NOON

WEB, POS = ChannelCode("WEB"), ChannelCode("POS")
EUR = CurrencyCode("EUR")
CURRENCIES = {"WEB": "EUR", "POS": "EUR", "APP": "EUR", "UK": "GBP", "JP": "JPY"}


def a_book(**promotions: Any) -> RuleBook:
    """Promotions by id."""
    return RuleBook(Pricing.model_validate({"promotions": promotions}), CURRENCIES)


def a_line(sku: str, quantity: int = 1, price: str = "10.00", **changes: Any) -> BasketLine:
    """Units of something."""
    currency = changes.pop("currency", EUR)
    amount = Money(Decimal(price), CurrencyCode(currency))
    return BasketLine(sku=Sku(sku), quantity=quantity, unit_price=amount, **changes)


def a_basket(
    *lines: BasketLine,
    channel: str = WEB,
    at: datetime = NOON,
    standing: Standing = ANYBODY,
    codes: tuple[str, ...] = (),
    used_up: frozenset[str] = frozenset(),
) -> Basket:
    return Basket(
        channel=ChannelCode(channel),
        currency=CurrencyCode(CURRENCIES[channel]),
        at=at,
        lines=lines,
        standing=standing,
        codes=codes,
        used_up=used_up,
    )


def priced(book: RuleBook, basket: Basket) -> PricedBasket:
    return evaluate(book.at(basket.channel, basket.at), basket, book)


def told(book: RuleBook, *lines: BasketLine, **about: Any) -> dict[str, tuple[str, dict[str, str]]]:
    """What each line costs, and what each rule takes off it."""
    found = priced(book, a_basket(*lines, **about))
    return {
        str(sku): (
            str(line.total.amount),
            {one.rule: str(one.amount.amount) for one in line.discounts},
        )
        for sku, line in found.lines.items()
    }
