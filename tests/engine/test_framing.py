"""What hangs from an object that is framed is found once, and told as a whole."""

from typing import Any

import pytest
from graphql import build_schema, parse

from app.engine.execution import Engine, Executed, Request
from app.engine.plans import Attribute, Description, Each
from app.engine.unchanging import NOTHING, Frame
from tests.engine.plain import plain
from tests.engine.shops import Desk, FramedShop, KeptShop, PassingShop, Shop

ASKED = "{ shop { price best { name near { name price } nearest(first: 1) { open price } } } }"


def surrounded(kind: type[Any] = FramedShop) -> Desk:
    near = [kind(name="C", open=True), kind(name="D", open=False)]
    shop = kind(name="A", best=kind(name="B", near=near))
    listed = {"A": 1_000, "C": 2_000, "D": 3_000}
    return Desk(shop, classes={"Shop": kind}, listed=listed)


def told_of(prices: dict[str, int]) -> Executed:
    best = {
        "name": "B",
        "near": [{"name": name, "price": prices[name]} for name in "CD"],
        "nearest": [{"open": True, "price": prices["C"]}],
    }
    return Executed({"shop": {"price": prices["A"], "best": best}}, [])


def frames(shop: Any) -> list[Frame]:
    return [one for one in (getattr(shop, "frames", None) or {}).values() if isinstance(one, Frame)]


def read(desk: Desk) -> int:
    best = desk.shop.values["best"]
    return sum(one.read for one in (desk.shop, best, *best.values["near"]))


async def test_what_hangs_from_it_is_found_once_and_what_is_asked_is_asked_each_time() -> None:
    desk = surrounded()
    engine = desk.engine()

    for _ in range(3):
        assert await desk.ask(ASKED, engine) == told_of(desk.listed)
    before, found = read(desk), desk.nearests
    for _ in range(3):
        assert await desk.ask(ASKED, engine) == told_of(desk.listed)

    assert (read(desk), desk.nearests) == (before, found)
    assert desk.prices == 6 * (1 + 2 + 1)


@pytest.mark.parametrize("changed", "ACD")
async def test_what_is_answered_otherwise_is_told_at_once(changed: str) -> None:
    desk = surrounded()
    engine = desk.engine()
    usual, other = dict(desk.listed), {**desk.listed, changed: 4_000}

    for prices in (usual, usual, usual, usual, other, usual, other, other, other, usual):
        desk.listed = prices
        assert await desk.ask(ASKED, engine) == told_of(prices)


async def test_a_failure_is_told_each_time_and_nothing_is_kept_of_it() -> None:
    desk = surrounded()
    engine = desk.engine()
    usual = desk.listed
    for _ in range(4):
        await desk.ask(ASKED, engine)
    desk.listed = {**usual, "D": ValueError("no price")}  # type: ignore[dict-item]  # it fails

    for _ in range(3):
        answer = await desk.ask(ASKED, engine)
        expected: Any = told_of({**usual, "D": None}).data  # type: ignore[dict-item]  # told as null
        assert answer.data == expected
        assert [error.path for error in answer.errors] == [["shop", "best", "near", 1, "price"]]
    desk.listed = usual

    assert await desk.ask(ASKED, engine) == told_of(usual)


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ("nearest(first: 1)", {"near": None}),  # of which there is no first one
        ("best", {"best": ValueError("closed")}),
    ],
)
async def test_what_fails_where_it_hangs_has_no_frame(asked: str, values: dict[str, Any]) -> None:
    shop = FramedShop(name="A", **values)
    desk = Desk(shop, classes={"Shop": FramedShop})
    engine = desk.engine()

    for _ in range(4):
        answer = await desk.ask(f"{{ shop {{ name found: {asked} {{ price }} }} }}", engine)
        assert answer.data == {"shop": {"name": "A", "found": None}}
        assert [error.path for error in answer.errors] == [["shop", "found"]]
    assert [(one.fits, one.answers, one.asking) for one in frames(shop)] == [(False, (), ())]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
async def test_what_has_to_be_waited_for_has_no_frame_and_is_told_as_it_is_now() -> None:
    near = [Shop(name="C"), Shop(name="D")]
    desk = Desk(FramedShop(name="A", near=near), classes={"Shop": FramedShop}, later=True)
    engine = desk.engine()

    for turn in range(6):
        answer = await desk.ask("{ shop { nearest(first: 1) { name price } } }", engine)
        first = "CD"[turn % 2]
        assert answer == Executed({"shop": {"nearest": [{"name": first, "price": 7}]}}, [])
        near.reverse()
    assert [one.fits for one in frames(desk.shop)] == [False]


async def test_what_depends_on_variables_is_asked_each_time() -> None:
    desk = surrounded()
    engine = desk.engine()
    text = "query ($n: Int) { shop { best { nearest(first: $n) { name price } } } }"

    for first in (2, 2, 2, 2, 1, 2, 0, 1):
        request = Request(parse(text), text, variables={"n": first})
        nearest = [{"name": name, "price": desk.listed[name]} for name in "CD"[:first]]
        executed = await engine.execute(request)
        assert plain(executed.data) == {"shop": {"best": {"nearest": nearest}}}
        assert executed.objects == 2 + first
    assert desk.nearests == 8


@pytest.mark.parametrize("kind", [Shop, KeptShop, PassingShop])
async def test_what_may_share_with_copies_or_may_change_has_no_frame(kind: type[Any]) -> None:
    desk = surrounded(kind)
    engine = desk.engine()

    for _ in range(4):
        assert await desk.ask(ASKED, engine) == told_of(desk.listed)

    assert desk.nearests == 4
    assert frames(desk.shop) == []


async def test_a_copy_has_a_frame_of_its_own_whatever_else_it_shares() -> None:
    class TurningShop(FramedShop):
        """One that may be open in one copy and closed in another."""

        passing = frozenset({"open"})

    shops = [TurningShop(name="A", open=number == 0) for number in range(2)]
    desk = Desk(shops[0], classes={"Shop": TurningShop}, listed={"A": 1_000})
    engine = desk.engine()
    text = "{ shop { open name price } }"

    for turn in (0, 0, 0, 0, 1, 1, 1, 1, 0):
        shops[1].forms, desk.shop = shops[0].forms, shops[turn]
        told = {"open": turn == 0, "name": "A", "price": 1_000}
        assert await desk.ask(text, engine) == Executed({"shop": told}, [])
    assert [len(frames(shop)) for shop in shops] == [1, 1]
    assert shops[0].frames is not shops[1].frames


async def test_it_is_told_as_a_whole_also_where_nothing_is_asked() -> None:
    desk = surrounded()
    engine = desk.engine()
    text = "{ shop { best { nearest(first: 1) { name } } } }"

    for _ in range(4):
        answer = await desk.ask(text, engine)
        assert answer == Executed({"shop": {"best": {"nearest": [{"name": "C"}]}}}, [])

    (frame,) = frames(desk.shop)
    assert (frame.fits, frame.whole is not NOTHING, frame.whole.objects) == (True, True, 3)


async def test_each_place_of_each_object_has_a_frame_of_its_own() -> None:
    desk, other = surrounded(), surrounded()
    shops = [desk.shop, other.shop]
    other.shop.values["best"].values["near"][0].values["name"] = "E"
    desk.listed["E"] = 5_000
    engine = desk.engine()
    text = """{
      shop { price best { nearest(first: 1) { name price } } }
      again: shop { best { nearest(first: 2) { name } } }
    }"""

    for turn in range(10):
        desk.shop = shops[turn % 2]
        first = "CE"[turn % 2]
        one = {"name": first, "price": desk.listed[first]}
        shop = {"price": 1_000, "best": {"nearest": [one]}}
        again = {"best": {"nearest": [{"name": first}, {"name": "D"}]}}
        assert await desk.ask(text, engine) == Executed({"shop": shop, "again": again}, [])
    assert [[one.fits for one in frames(shop)] for shop in shops] == [[True, True]] * 2


STREET = build_schema(
    """
    type Query { street: Street }
    type Street { name: String  kind: String  shop: Shop  far: Shop }
    type Shop { price: Int }
    """
)


@pytest.mark.parametrize("street", [KeptShop, FramedShop])
@pytest.mark.parametrize("asked", ["shop { price }", "shop { price } far { price }"])
async def test_what_hangs_from_something_that_lasts_has_no_frame_of_its_own(
    street: type[Any], asked: str
) -> None:
    class Inner(FramedShop):
        """Framed, as what it hangs from may be."""

    one = street(name="A", kind="street", shop=Inner(), far=Inner())
    price = 1_000

    def how(_parent: Any, name: str, _field: Any) -> Each | Attribute:
        if name in {"street", "price"}:
            return Each(lambda _call: lambda _on: one if name == "street" else price)
        return Attribute(name)

    engine = Engine(
        STREET, Description(how, {"Street": street, "Shop": Inner}), at_first_sight=True
    )
    text = f"{{ street {{ name kind {asked} }} }}"
    for turn in range(14):
        price = 1_000 + turn // 7
        executed = await engine.execute(Request(parse(text), text))
        told = {key: {"price": price} for key in asked.replace("{ price }", "").split()}
        assert plain(executed.data) == {"street": {"name": "A", "kind": "street", **told}}
        assert executed.objects == 1 + len(told)
    assert frames(one.values["shop"]) == []
    assert len(frames(one)) == (street is FramedShop)
