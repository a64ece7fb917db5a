"""Every difference between channels has its rule; one that has none is found."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.cli.parity import Proof, Wanted, made_up, proved, read, tell
from app.errors import MisconfiguredError
from app.ports import Answer, Price
from app.pricing.parity import Aspect, Bought, Comparison, Seen
from app.store import Store
from app.values import Channel, Discount, Money, Sku
from tests.builders import a_price
from tests.carts.shopping import COAT, SHIRT, SOCKS, a_shop
from tests.cli.test_cli import tessera
from tests.gateways import Retailer, running_over, sandbox_gateway
from tests.pricing.baskets import EUR, POS, WEB, a_basket, a_book, a_line

CHANNELS = {
    code: {"currency": currency, "country": "IT", "locale": "it"}
    for code, currency in {"WEB": "EUR", "POS": "EUR", "UK": "GBP"}.items()
}
GROUPS = {"staff": {"label": "Staff"}, "trade": {"label": "Trade"}}
BASKET = Wanted(lines={SHIRT: 2, COAT: 1})


@dataclass
class TwoFaced(Retailer):
    """Tells tills another price of shirts, and nobody why."""

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        answer = await super().prices(skus, channel=channel)
        pos = a_price(SHIRT, "47.00")
        if channel.code != POS:
            return answer
        rows = tuple(pos if one.sku == SHIRT else one for one in answer.rows)
        return replace(answer, rows=rows)


async def proof_over(store: Store, *baskets: Wanted, shop: Retailer, **pricing: Any) -> Proof:
    sections: dict[str, Any] = {"channels": CHANNELS, "pricing": pricing, "groups": GROUPS}
    gateway = await running_over({"shop": shop}, kept_in=store, **sections)
    return await proved(gateway.services, baskets)


def told(proof: Proof) -> list[tuple[Sku | None, Aspect, str, str, tuple[str, ...]]]:
    return [
        (one.sku, one.aspect, one.before, one.after, one.rules)
        for its in proof.differences.values()
        for one in its
    ]


def two_faced() -> TwoFaced:
    shop = a_shop()
    return TwoFaced(known_products=shop.known_products, known_prices=shop.known_prices)


async def test_a_price_that_differs_without_a_rule_is_found_and_fails(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = await proof_over(store, BASKET, shop=two_faced())

    assert told(proof) == [
        (SHIRT, Aspect.PRICE, "49.90 EUR", "47.00 EUR", ()),
        (None, Aspect.TOTAL, "298.80 EUR", "293.00 EUR", ()),
    ]
    with pytest.raises(SystemExit) as end:
        tell(proof)
    assert end.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        "basket 1: 2 x SHIRT-M, 1 x COAT-L",
        "  SHIRT-M price: WEB: 49.90 EUR, POS: 47.00 EUR <- UNEXPLAINED",
        "  total: WEB: 298.80 EUR, POS: 293.00 EUR <- UNEXPLAINED",
        "1 baskets through 3 channels: WEB (EUR), POS (EUR), UK (GBP)",
        "2 differences",
        "2 without a rule",
    ]


async def test_an_exemption_names_what_connections_may_tell_apart(store: Store) -> None:
    told_why = {"tills": {"channels": ["POS"], "skus": ["SHIRT-*"], "because": "as agreed"}}
    proof = await proof_over(store, BASKET, shop=two_faced(), exemptions=told_why)

    assert [one.rules for its in proof.differences.values() for one in its] == [("tills",)] * 2
    assert proof.unexplained == []
    tell(proof)  # and that is no failure


async def test_a_difference_has_the_rules_that_it_is_by_and_no_others(store: Store) -> None:
    promotions = {
        "everywhere": {"percent": "10", "priority": 9},
        "tills": {"percent": "20", "channels": ["POS"], "skus": ["COAT-*"]},
        "web": {"amount": {"EUR": "9.00"}, "channels": ["WEB"], "spend": {"EUR": "9999.00"}},
        "coded": {"percent": "5", "channels": ["WEB", "POS"], "coupon": "FIVE"},
    }
    lists = {
        "till-shirts": {
            "currency": "EUR",
            "channels": ["POS"],
            "over": ["shop"],
            "prices": {"SHIRT-M": "40.00"},
        }
    }
    with_code = BASKET.model_copy(update={"codes": ("FIVE",)})
    proof = await proof_over(store, with_code, shop=a_shop(), promotions=promotions, lists=lists)

    found = {(sku, aspect): rules for sku, aspect, _, _, rules in told(proof)}
    assert found[SHIRT, Aspect.PRICE] == ("till-shirts",)
    assert found[SHIRT, Aspect.DISCOUNT] == ("till-shirts",)  # ten percent of another price
    assert set(found[COAT, Aspect.DISCOUNT]) == {"tills", "till-shirts"}
    assert set(found[None, Aspect.TOTAL]) == {"tills", "till-shirts"}
    assert len(found) == 4
    assert proof.unexplained == []


async def test_what_is_sold_through_one_channel_alone_is_a_difference(store: Store) -> None:
    listed = {"currency": "EUR", "channels": ["POS"], "prices": {"COAT-L": "99.00"}}
    shop = a_shop(known_prices=[a_price(SHIRT)])
    proof = await proof_over(store, BASKET, shop=shop, lists={"tills": listed})

    assert told(proof)[0] == (COAT, Aspect.SOLD, "false", "true", ("tills",))
    assert proof.unexplained == []


async def test_a_member_of_a_group_pays_the_same_through_every_channel(store: Store) -> None:
    own = {"currency": "EUR", "groups": ["staff"], "over": ["shop"], "prices": {SHIRT: "20.00"}}
    promotions = {
        "staff-ten": {"percent": "10", "groups": ["staff"]},
        "tills-five": {"percent": "5", "groups": ["trade"], "channels": ["POS"]},
    }
    both = [BASKET.model_copy(update={"groups": (one,)}) for one in ("staff", "trade")]
    shop, lists = a_shop(), {"staff-shirts": own}
    proof = await proof_over(store, *both, shop=shop, lists=lists, promotions=promotions)

    assert 1 not in proof.differences  # of staff, for whom a list is cheaper than any page
    assert [rules for *_, rules in told(proof)] == [("tills-five",)] * 3
    assert proof.unexplained == []
    services = (
        await running_over(
            {"shop": shop},
            kept_in=store,
            channels=CHANNELS,
            groups=GROUPS,
            pricing={"lists": lists, "promotions": promotions},
        )
    ).services
    made = await made_up(services, count=6, seed=7)
    assert [one.groups for one in made] == [("staff",), ("trade",), ()] * 2
    with pytest.raises(MisconfiguredError, match="basket 1: Unknown group 'stuff'"):
        await proved(services, [BASKET.model_copy(update={"groups": ("stuff",)})])


def test_a_channel_that_does_not_know_the_groups_of_its_customer_is_found() -> None:
    basket = a_basket(a_line("A"), channel=WEB)
    seen = Seen(basket=basket, lines={Sku("A"): a_bought(page=None)}, groups=("staff",))
    found = list(Comparison(a_book(ten={"percent": "10"})).alone(seen))

    assert [(one.aspect, one.before, one.after) for one in found] == [(Aspect.GROUPS, "staff", "")]


async def test_all_differences_of_the_demo_retailer_have_a_rule() -> None:
    async with sandbox_gateway() as sandbox:
        services = sandbox.gateway.services
        baskets = await made_up(services, count=25, seed=7)
        again = await made_up(services, count=25, seed=7)
        proof = await proved(services, baskets)

    assert baskets == again
    assert len(baskets) == 25
    assert {one.groups for one in baskets} == {("staff",), ()}
    rules = {rule for its in proof.differences.values() for one in its for rule in one.rules}
    assert "sports-in-the-app" in rules
    assert proof.unexplained == []


RULES: tuple[dict[str, Any], ...] = (
    {"percent": "12.5"},
    {"percent": "33", "skus": ["SHIRT*"], "exclusive": True, "priority": 3},
    {"amount": {"EUR": "7.77"}},
    {"amount": {"EUR": "3.33"}, "each": True, "but": ["COAT*"]},
    {"percent": "100", "buy": 2, "get": 1, "group_of": "season"},
    {"amount": {"EUR": "20.00"}, "spend": {"EUR": "150.00"}, "priority": -1},
    {"percent": "50", "units": 4, "group_of": "season"},
    {"percent": "15", "coupon": "CODE"},
    {"amount": {"EUR": "999.00"}, "coupon": "FREE"},
)


@pytest.mark.parametrize("seed", range(5))
async def test_through_carts_and_pages_nothing_differs_where_no_rule_names_a_channel(
    store: Store, seed: int
) -> None:
    chance = Random(seed)
    promotions = {f"r{number}": rule for number, rule in enumerate(chance.sample(RULES, k=4))}
    baskets = [
        Wanted(
            lines={
                sku: chance.randint(1, 7)
                for sku in chance.sample((SHIRT, COAT, SOCKS), k=chance.randint(1, 3))
            },
            codes=tuple(code for code in ("CODE", "FREE") if chance.random() < 1 / 2),
        )
        for _ in range(6)
    ]
    proof = await proof_over(store, *baskets, shop=a_shop(), promotions=promotions)

    assert proof.differences == {}
    assert len(proof.baskets) == 6


def a_bought(**changes: Any) -> Bought:
    amount = Money(Decimal("10.00"), EUR)
    return Bought(
        **{
            "price": amount,
            "tax_included": True,
            "price_list": None,
            "discounts": (Discount("ten", Money(Decimal("1.00"), EUR)),),
            "total": Money(Decimal("9.00"), EUR),
            "page": Money(Decimal("9.00"), EUR),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("line", "aspects"),
    [
        (a_bought(), []),
        (a_bought(total=Money(Decimal("8.99"), EUR)), [Aspect.RULES]),
        (a_bought(discounts=()), [Aspect.RULES]),
        (a_bought(page=Money(Decimal("10.00"), EUR)), [Aspect.PAGE]),
        (a_bought(page=None), []),
    ],
)
def test_a_channel_that_does_not_say_what_its_rules_do_is_found(
    line: Bought, aspects: list[Aspect]
) -> None:
    seen = Seen(basket=a_basket(a_line("A"), channel=WEB), lines={Sku("A"): line})
    found = list(Comparison(a_book(ten={"percent": "10"})).alone(seen))

    assert [one.aspect for one in found] == aspects
    assert not any(one.explained for one in found)


def test_the_command_buys_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "baskets.toml"
    file.write_text('[[baskets]]\ncodes = ["welcome10"]\nlines = { "WRP1081-SND-M" = 2 }\n')
    done = tessera("parity", "--baskets", str(file))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "basket 1: 2 x WRP1081-SND-M with WELCOME10",
        "  WRP1081-SND-M price: WEB: 107.50 EUR, POS: 99.00 EUR <- store-dresses",
        "  WRP1081-SND-M discount: WEB: welcome 21.50, POS: welcome 19.80 <- store-dresses",
        "  total: WEB: 193.50 EUR, POS: 178.20 EUR <- store-dresses",
        "1 baskets through 5 channels: WEB (EUR), APP (EUR), POS (EUR), UK (GBP), MARKET (EUR)",
        "3 differences, by store-dresses 3",
        "0 without a rule",
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("baskets = [", "cannot be read as TOML"),
        ("[[basket]]", "baskets: Field required"),
        ("[[baskets]]\nlines = {}", "basket 1 has 1 to 100 lines"),
        ("[[baskets]]\nlines = { A = 0 }", "basket 1 has 1 to 9,999 units a line"),
        ('[[baskets]]\nlines = { A = 1 }\ncodes = ["?"]', "baskets.0.codes.0: "),
    ],
)
def test_a_file_of_baskets_that_cannot_be_says_what_is_wrong(
    tmp_path: Path, text: str, wrong: str
) -> None:
    file = tmp_path / "baskets.toml"
    file.write_text(text)

    with pytest.raises(MisconfiguredError) as told_:
        read(file)
    assert any(wrong in line for line in told_.value.problems)
