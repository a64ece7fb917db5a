"""What a page says is what the cart says, is what the order says; or why not is said."""

from datetime import timedelta
from typing import Any

from app.ports import Category
from app.store import Store
from app.values import ProductId, Texts
from tests.builders import NOON, a_product, a_variant
from tests.carts.shopping import COAT, SHIRT, SOCKS, Shopper, a_shop, shopping

CART = """id version subtotal { amount } total { amount } discountCodes
  discounts { rule amount { amount } bounded }
  lines { id sku priceList unitPrice { amount } subtotal { amount } total { amount }
    discounts { rule amount { amount } } }
  problems { code severity message discountCode total { amount } price { amount } line { sku } }
  hold { expiresAt }"""
DONE = f"__typename ... on Problem {{ code path }} ... on CartChanged {{ cart {{ {CART} }} }}"
CHANGED = "... on PriceChanged { before { amount } after { amount } }"
PRICES = """query Prices($skus: [Sku!]!, $channel: ChannelCode) { variants(skus: $skus) { sku
  price(channel: $channel) { amount { amount } discounted { amount } priceList source freshness
    discounts { rule label amount { amount } } } } }"""
TWO = {code: {"currency": "EUR", "country": "IT", "locale": "it"} for code in ("WEB", "POS")}


async def do(shopper: Shopper, name: str, told: str = "", /, **given: Any) -> dict[str, Any]:
    kind = name[0].upper() + name[1:]
    text = (
        f"mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{ {DONE} {told} }} }}"
    )
    done: dict[str, Any] = (await shopper.ask.data(text, input=given))["done"]
    return done


async def cart_of(shopper: Shopper, channel: str = "WEB", **units: int) -> dict[str, Any]:
    lines = [{"sku": sku.replace("_", "-"), "quantity": count} for sku, count in units.items()]
    done = await do(shopper, "cartCreate", channel=channel, lines=lines)
    cart: dict[str, Any] = done["cart"]
    return cart


async def coded(shopper: Shopper, cart: dict[str, Any], *codes: str) -> dict[str, Any]:
    done = await do(
        shopper,
        "cartDiscountCodesSet",
        cartId=cart["id"],
        version=cart["version"],
        codes=list(codes),
    )
    assert done["__typename"] == "CartChanged", done
    found: dict[str, Any] = done["cart"]
    return found


async def prices(shopper: Shopper, channel: str = "WEB") -> dict[str, Any]:
    data = await shopper.ask.data(PRICES, skus=[SHIRT, COAT, SOCKS], channel=channel)
    return {one["sku"]: one["price"] for one in data["variants"]}


def off(told: Any) -> dict[str, str]:
    return {one["rule"]: one["amount"]["amount"] for one in told["discounts"]}


def wrong(cart: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    problems = (one for one in cart["problems"] if not one["code"].startswith("STOCK"))
    return [(one["code"], one["severity"], one["discountCode"]) for one in problems]


async def test_a_page_says_of_one_unit_what_the_cart_says(store: Store) -> None:
    rules = {
        "promotions": {
            "shirts": {"percent": "15", "skus": ["SHIRT-*"], "label": "15 % off shirts"},
            "two": {"percent": "50", "buy": 1, "get": 1},
            "coded": {"percent": "10", "coupon": "TEN"},
        }
    }
    async with shopping(store, pricing=rules) as shopper:
        page = await prices(shopper)
        cart = await cart_of(shopper, SHIRT_M=1)

    assert page["SHIRT-M"]["amount"] == {"amount": "49.90"}
    assert page["SHIRT-M"]["discounted"] == {"amount": "42.41"}  # 7.485 are 7.49
    assert off(page["SHIRT-M"]) == {"shirts": "7.49"}
    assert page["SHIRT-M"]["discounts"][0]["label"] == "15 % off shirts"
    assert page["COAT-L"]["discounted"] == page["COAT-L"]["amount"] == {"amount": "199.00"}
    assert page["COAT-L"]["discounts"] == []
    [line] = cart["lines"]
    assert (line["unitPrice"], line["total"]) == ({"amount": "49.90"}, {"amount": "42.41"})
    assert off(line) == off(cart) == {"shirts": "7.49"}
    assert cart["total"] == {"amount": "42.41"}
    assert wrong(cart) == []


async def test_a_cart_says_what_each_rule_takes_off_each_line(store: Store) -> None:
    rules = {
        "promotions": {
            "three": {"percent": "100", "buy": 2, "get": 1, "priority": 9},
            "ten": {"amount": {"EUR": "10.00"}, "spend": {"EUR": "100.00"}},
        }
    }
    async with shopping(store, pricing=rules) as shopper:
        cart = await cart_of(shopper, SHIRT_M=2, SOCKS=1)
        fewer = await do(
            shopper,
            "cartLinesUpdate",
            cartId=cart["id"],
            version=1,
            lines=[{"lineId": cart["lines"][0]["id"], "quantity": 3}],
        )

    shirts, socks = cart["lines"]
    # 49.90 twice are less than 100 once the socks are for nothing
    assert (off(shirts), off(socks)) == ({}, {"three": "5.05"})
    assert (cart["subtotal"], cart["total"]) == ({"amount": "104.85"}, {"amount": "99.80"})
    shirts, socks = fewer["cart"]["lines"]
    # of four units one is for nothing; 149.70 are left, of which ten are taken off the shirts
    assert (off(shirts), off(socks)) == ({"ten": "10.00"}, {"three": "5.05"})
    assert shirts["total"] == {"amount": "139.70"}
    assert off(fewer["cart"]) == {"ten": "10.00", "three": "5.05"}


async def test_codes_are_set_and_what_is_wrong_with_them_is_a_problem(store: Store) -> None:
    rules = {
        "promotions": {
            "ten": {"percent": "10", "coupon": "TEN"},
            "big": {"percent": "20", "coupon": "BIG", "spend": {"EUR": "500.00"}},
            "gone": {"percent": "20", "coupon": "GONE", "ends": NOON},
            "vip": {"percent": "20", "coupon": "VIP", "groups": ["vip"]},
        }
    }
    groups = {"vip": {"label": "Friends of the house"}}
    async with shopping(store, pricing=rules, groups=groups) as shopper:
        cart = await cart_of(shopper, SHIRT_M=1)
        coded_ = await coded(shopper, cart, " ten ", "BIG", "gone", "VIP", "NEVER-WAS", "TEN")
        without = await coded(shopper, coded_)
        facts = await shopper.told()

    assert coded_["discountCodes"] == ["TEN", "BIG", "GONE", "VIP", "NEVER-WAS"]
    assert off(coded_) == {"ten": "4.99"}
    refused = "DISCOUNT_CODE_REFUSED"
    assert wrong(coded_) == [
        ("DISCOUNT_CODE_NOT_MET", "REVIEW", "BIG"),
        (refused, "REVIEW", "GONE"),
        (refused, "REVIEW", "VIP"),
        (refused, "REVIEW", "NEVER-WAS"),
    ]
    # nobody learns from the words which of them are real
    said = {one["message"] for one in coded_["problems"] if one["code"] == refused}
    assert len(said) == 1
    assert (without["discounts"], without["discountCodes"], wrong(without)) == ([], [], [])
    assert facts.count("CartCodesSet") == 2


async def test_why_a_code_is_not_good_is_told_to_staff_alone(store: Store) -> None:
    rules = {"promotions": {"gone": {"percent": "20", "coupon": "GONE", "ends": NOON}}}
    async with shopping(store, pricing=rules) as shopper:
        cart = await coded(shopper, await cart_of(shopper, SHIRT_M=1), "GONE", "NONE")
        query = "query Look($id: ID!) { cart(id: $id) { problems { codeFate } } }"
        guest = await shopper.ask(query, id=cart["id"])
        staff = await shopper.ask.staff.data(query, id=cart["id"])

    assert guest["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    fates = [one["codeFate"] for one in staff["cart"]["problems"]]
    assert [one for one in fates if one is not None] == ["EXPIRED", "UNKNOWN"]


async def test_codes_that_cannot_be_are_refused(store: Store) -> None:
    async with shopping(store) as shopper:
        cart = await cart_of(shopper, SHIRT_M=1)
        told = []
        for codes in (["OK1", "a b"], ["X"], ["Ü" * 9], ["A" * 41], ["ABC\x00"], ["CODE"] * 11):
            done = await do(
                shopper, "cartDiscountCodesSet", cartId=cart["id"], version=1, codes=codes
            )
            told.append((done["code"], done["path"]))

    invalid = "INVALID_INPUT"
    assert told == [
        (invalid, ["input", "codes", "1"]),
        *[(invalid, ["input", "codes", "0"])] * 4,
        (invalid, ["input", "codes"]),
    ]


async def test_a_discount_that_ends_is_told_and_neither_held_nor_ordered(store: Store) -> None:
    ends = NOON + timedelta(hours=1)
    rules = {"promotions": {"hour": {"percent": "10", "ends": ends}}}
    async with shopping(store, pricing=rules) as shopper:
        cart = await cart_of(shopper, SHIRT_M=1)
        named = {"cartId": cart["id"], "version": 1}
        shopper.clock.passes(timedelta(hours=1))
        seen = await shopper.look(cart["id"], CART)
        refused = await do(shopper, "cartHold", CHANGED, **named)
        agreed = await coded(shopper, cart)
        held = await do(shopper, "cartHold", cartId=cart["id"], version=agreed["version"])

    assert off(cart) == {"hour": "4.99"}
    assert seen is not None
    assert wrong(seen) == [("DISCOUNT_CHANGED", "REVIEW", None)]
    assert seen["problems"][0]["total"] == {"amount": "49.90"}
    assert (refused["__typename"], refused["code"]) == ("PriceChanged", "PRICE_CHANGED")
    assert (refused["before"], refused["after"]) == ({"amount": "44.91"}, {"amount": "49.90"})
    assert agreed["total"] == held["cart"]["total"] == {"amount": "49.90"}


async def test_codes_leave_what_is_held_alone(store: Store) -> None:
    rules = {"promotions": {"ten": {"percent": "10", "coupon": "TEN"}}}
    async with shopping(store, pricing=rules) as shopper:
        cart = await cart_of(shopper, SHIRT_M=1)
        held = (await do(shopper, "cartHold", cartId=cart["id"], version=1))["cart"]
        cheaper = await coded(shopper, held, "TEN")

    assert held["hold"] == cheaper["hold"] is not None
    assert cheaper["total"] == {"amount": "44.91"}


async def test_a_price_list_takes_no_place_that_it_is_not_given(store: Store) -> None:
    lists = {
        "gaps": {"currency": "EUR", "prices": {"SHIRT-M": "1.00", "SOCKS": "4.00"}},
        "pos": {
            "currency": "EUR",
            "channels": ["POS"],
            "over": ["shop"],
            "priority": 5,
            "prices": {"COAT-L": "150.00"},
        },
    }
    shop = a_shop(known_prices=[*a_shop().known_prices][:2])  # nobody has a price of socks
    async with shopping(store, shop, pricing={"lists": lists}, channels=TWO) as shopper:
        web, pos = await prices(shopper), await prices(shopper, "POS")
        cart = await cart_of(shopper, "POS", COAT_L=1, SOCKS=2, SHIRT_M=1)

    def told(page: dict[str, Any]) -> dict[str, Any]:
        return {sku: (one["amount"]["amount"], one["priceList"]) for sku, one in page.items()}

    assert told(web) == {
        "SHIRT-M": ("49.90", None),
        "COAT-L": ("199.00", None),
        "SOCKS": ("4.00", "gaps"),
    }
    assert told(pos) == {**told(web), "COAT-L": ("150.00", "pos")}
    assert {
        one["sku"]: (one["unitPrice"]["amount"], one["priceList"]) for one in cart["lines"]
    } == (told(pos))
    assert cart["total"] == {"amount": "207.90"}


async def test_a_price_list_that_ends_is_a_changed_price_until_the_line_is_updated(
    store: Store,
) -> None:
    listed = {
        "currency": "EUR",
        "over": ["shop"],
        "ends": NOON + timedelta(minutes=5),
        "prices": {"SHIRT-M": "40.00"},
    }
    async with shopping(store, pricing={"lists": {"own": listed}}) as shopper:
        cart = await cart_of(shopper, SHIRT_M=1)
        named = {"cartId": cart["id"], "version": 1}
        shopper.clock.passes(timedelta(minutes=5))
        seen = await shopper.look(cart["id"], CART)
        refused = await do(shopper, "cartHold", CHANGED, **named)
        lines = [{"lineId": cart["lines"][0]["id"], "quantity": 1}]
        updated = await do(shopper, "cartLinesUpdate", **named, lines=lines)
        held = await do(shopper, "cartHold", cartId=cart["id"], version=2)

    assert cart["total"] == {"amount": "40.00"}
    assert seen is not None
    assert wrong(seen) == [("PRICE_CHANGED", "REVIEW", None)]
    assert seen["problems"][0]["price"] == {"amount": "49.90"}
    assert (refused["code"], refused["after"]) == ("PRICE_CHANGED", None)
    assert updated["cart"]["total"] == held["cart"]["total"] == {"amount": "49.90"}


async def test_rules_may_ask_for_categories_that_the_catalogue_tells(store: Store) -> None:
    category = Category(id="c-7", handle="coats", name=Texts({"en": "Coats"}))
    coats = a_product(variants=(a_variant(COAT),), categories=(category,))
    others = a_product(id=ProductId("2"), handle="others", variants=(a_variant(SHIRT),))
    rules = {"promotions": {"sale": {"percent": "10", "categories": ["coats"]}}}
    shop = a_shop(known_products=[coats, others])
    async with shopping(store, shop, pricing=rules) as shopper:
        data = await shopper.ask.data(PRICES, skus=[SHIRT, COAT])
        cart = await cart_of(shopper, COAT_L=1, SHIRT_M=1)
        again = await coded(shopper, cart)  # without asking the catalogue

    assert [off(one["price"]) for one in data["variants"]] == [{}, {"sale": "19.90"}]
    assert off(cart) == off(again) == {"sale": "19.90"}
    assert wrong(again) == []
