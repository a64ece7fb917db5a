"""What never changes is completed twice at most, as a whole or around what has to be asked."""

import gc
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from graphql import parse

from app.engine import unchanging
from app.engine.execution import Executed, Request
from app.engine.unchanging import (
    IN_VAIN,
    MOST_FORMS,
    NOTHING,
    PAUSE,
    TURNED_AWAY,
    Around,
    UnchangingList,
    Wholes,
)
from tests.engine.shops import Desk, KeptShop, PassingShop, Shop


async def test_what_never_changes_is_completed_twice_at_most_for_each_place() -> None:
    shop = KeptShop(name="A", open=True)
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()

    answers = [await desk.ask("{ shop { name open } }", engine) for _ in range(4)]
    other = await desk.ask("{ shop { label: name } }", engine)

    assert answers == [Executed({"shop": {"name": "A", "open": True}}, [])] * 4
    assert other == Executed({"shop": {"label": "A"}}, [])
    assert shop.read == 2 * 2 + 1


async def test_a_list_that_never_changes_is_completed_twice_at_most() -> None:
    shops = [Shop(name="A"), Shop(name="B")]
    desk = Desk(Shop(near=UnchangingList(shops)), classes={"Shop": Shop})
    engine = desk.engine()

    answers = [await desk.ask("{ shop { near { name } } }", engine) for _ in range(4)]

    assert answers == [Executed({"shop": {"near": [{"name": "A"}, {"name": "B"}]}}, [])] * 4
    assert [shop.read for shop in shops] == [2, 2]


async def test_what_has_to_be_asked_is_asked_again_also_of_what_never_changes() -> None:
    shop = KeptShop(name="A", best=KeptShop(name="B"))
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    text = "{ shop { best { name price } } }"

    answers = [await desk.ask(text, engine) for _ in range(2)]

    assert answers == [Executed({"shop": {"best": {"name": "B", "price": 7}}}, [])] * 2
    assert shop.values["best"].read == 2


async def test_a_failure_is_never_kept() -> None:
    shop = KeptShop(name=ValueError("closed"))
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()

    first = await desk.ask("{ shop { name } }", engine)
    shop.values["name"] = "A"

    assert (first.data, [error.message for error in first.errors]) == (
        {"shop": {"name": None}},
        ["closed"],
    )
    assert await desk.ask("{ shop { name } }", engine) == Executed({"shop": {"name": "A"}}, [])


async def test_few_forms_are_kept_of_one_value_and_those_for_a_while() -> None:
    shop = KeptShop(name="A")
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    texts = [f"{{ shop {{ a{number}: name }} }}" for number in range(2 * MOST_FORMS)]
    for text in [*texts, *texts]:
        await desk.ask(text, engine)
    first = shop.forms
    assert first is not None
    assert len(first) == MOST_FORMS

    read = shop.read
    for text in texts[1 : MOST_FORMS + 1]:
        await desk.ask(text, engine)
    assert shop.read == read
    for _ in range(TURNED_AWAY):
        await desk.ask(texts[-1], engine)
    read = shop.read
    await desk.ask(texts[-1], engine)
    assert shop.read == read


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("name open price", {"name": "A", "open": True, "price": 7}),
        ("price name open", {"price": 7, "name": "A", "open": True}),
        (
            "one: price label: name open __typename two: price near { name } best { price }",
            {
                "one": 7,
                "label": "A",
                "open": True,
                "__typename": "Shop",
                "two": 7,
                "near": [{"name": "B"}],
                "best": {"price": 7},
            },
        ),
        (
            "name open price best { name open price }",
            {
                "name": "A",
                "open": True,
                "price": 7,
                "best": {"name": "C", "open": False, "price": 7},
            },
        ),
    ],
)
async def test_what_lasts_is_kept_around_what_has_to_be_asked(asked: str, told: Any) -> None:
    near = [Shop(name="B")]
    best = KeptShop(name="C", open=False)
    shop = KeptShop(name="A", open=True, near=near, best=best)
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    text = f"{{ shop {{ {asked} }} }}"
    whole = orjson.dumps({"shop": told})

    answers, reads = [], []
    for _ in range(4):
        executed = await engine.execute(Request(parse(text), text))
        answers.append((orjson.dumps(executed.data), executed.errors))
        reads.append([one.attributes("name", "open") for one in (shop, best)])

    assert answers == [(whole, [])] * 4  # with its fields in their order
    assert reads[1] == reads[2] == reads[3]
    assert desk.prices == 4 * asked.count("price")


async def test_what_has_to_be_asked_may_fail_around_what_is_kept() -> None:
    shop = KeptShop(name="A", open=True)
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    text = "{ shop { name price open } }"
    good = Executed({"shop": {"name": "A", "price": 7, "open": True}}, [])
    answers = [await desk.ask(text, engine) for _ in range(3)]

    desk.price = ValueError("sold out")
    failed = await desk.ask(text, engine)
    desk.price = 7

    assert answers == [good] * 3
    assert failed.data == {"shop": {"name": "A", "price": None, "open": True}}
    assert [(one.message, one.path) for one in failed.errors] == [("sold out", ["shop", "price"])]
    assert await desk.ask(text, engine) == good


async def test_nothing_is_kept_of_an_object_with_a_failure() -> None:
    shop = KeptShop(name=ValueError("closed"), open=True)
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    text = "{ shop { name open price } }"
    for _ in range(3):
        assert (await desk.ask(text, engine)).data == {
            "shop": {"name": None, "open": True, "price": 7}
        }

    shop.values["name"] = "A"

    assert await desk.ask(text, engine) == Executed(
        {"shop": {"name": "A", "open": True, "price": 7}}, []
    )


async def test_each_condition_has_a_form_of_its_own() -> None:
    shop = KeptShop(name="A", open=True)
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    text = "query($no: Boolean!) { shop { name open @skip(if: $no) label: name price } }"

    async def ask(*, no: bool) -> Any:
        request = Request(parse(text), text, variables={"no": no})
        return orjson.loads(orjson.dumps((await engine.execute(request)).data))

    for _ in range(3):
        told = {"name": "A", "label": "A", "price": 7}
        assert await ask(no=True) == {"shop": told}
        assert await ask(no=False) == {"shop": told | {"open": True}}


async def test_copies_share_what_is_kept_around_what_is_passing() -> None:
    first = PassingShop(name="A", open=True, near=[PassingShop(name="B", open=True)])
    desk = Desk(first, classes={"Shop": PassingShop})
    engine = desk.engine()
    text = "{ shop { open name kind: __typename near { name open } } }"
    for _ in range(2):
        await desk.ask(text, engine)
    near = PassingShop(name="B", open=False)
    second = PassingShop(name="A", open=False, near=[near])
    second.forms, near.forms = first.forms, first.values["near"][0].forms
    desk.shop = second

    answer = await desk.ask(text, engine)

    assert answer.data == {
        "shop": {
            "open": False,
            "name": "A",
            "kind": "Shop",
            "near": [{"name": "B", "open": False}],
        }
    }
    assert (second.attributes("name"), second.attributes("open")) == (0, 1)


async def test_a_whole_is_not_kept_where_something_in_it_is_passing() -> None:
    best = PassingShop(name="B", open=True)
    shop = PassingShop(name="A", best=best)
    desk = Desk(shop, classes={"Shop": PassingShop})
    engine = desk.engine()
    text = "{ shop { name best { open } } }"
    for _ in range(2):
        await desk.ask(text, engine)
    again = PassingShop(name="A", best=PassingShop(name="B", open=False))
    again.forms = shop.forms
    desk.shop = again

    answer = await desk.ask(text, engine)

    assert answer == Executed({"shop": {"name": "A", "best": {"open": False}}}, [])


AROUND = "{ shop { name open price best { name price } near { name open price } } }"


def surrounded(near: type[list[Any]]) -> Desk:
    """A shop with others around it, whose prices are big enough to be objects of their own."""
    best, first, second = (KeptShop(name=name, open=True) for name in "BCD")
    shop = KeptShop(name="A", open=True, best=best, near=near([first, second]))
    return Desk(shop, classes={"Shop": KeptShop}, listed=dict.fromkeys("ABCD", 1_000))


def told_of(prices: dict[str, int]) -> Executed:
    near = [{"name": name, "open": True, "price": prices[name]} for name in "CD"]
    best = {"name": "B", "price": prices["B"]}
    shop = {"name": "A", "open": True, "price": prices["A"], "best": best, "near": near}
    return Executed({"shop": shop}, [])


def wholes(shop: Any) -> list[bool]:
    forms = (shop.forms or {}).values()
    return [one.whole is not NOTHING for one in forms if isinstance(one, Around)]


@pytest.mark.parametrize("changed", "ABCD")
async def test_what_is_answered_as_before_is_told_as_a_whole(changed: str) -> None:
    desk = surrounded(UnchangingList)
    engine = desk.engine()
    usual, other = dict(desk.listed), {**desk.listed, changed: 2_000}

    answers = [await desk.ask(AROUND, engine) for _ in range(4)]
    assert answers == [told_of(usual)] * 4
    assert wholes(desk.shop) == [True]
    assert await desk.ask(AROUND, engine) == told_of(usual)
    desk.listed = other
    assert await desk.ask(AROUND, engine) == told_of(other)
    assert wholes(desk.shop) == [False]
    desk.listed = usual

    assert [await desk.ask(AROUND, engine) for _ in range(4)] == [told_of(usual)] * 4
    assert wholes(desk.shop) == [True]
    assert desk.prices == 10 * 4  # they are asked each time


async def test_what_may_change_is_never_part_of_a_whole() -> None:
    desk = surrounded(list)
    engine = desk.engine()
    before = [await desk.ask(AROUND, engine) for _ in range(5)]

    desk.shop.values["near"].reverse()
    after = await desk.ask(AROUND, engine)

    assert before == [told_of(desk.listed)] * 5
    assert [one["name"] for one in after.data["shop"]["near"]] == ["D", "C"]  # type: ignore[index]  # told
    assert wholes(desk.shop) == [False]


async def test_answers_that_are_always_others_are_not_looked_at_each_time() -> None:
    desk = surrounded(UnchangingList)
    engine = desk.engine()
    for number in range(IN_VAIN + 2):  # it is put in pieces the second time
        desk.listed = dict.fromkeys("ABCD", 1_000 + number)
        assert await desk.ask(AROUND, engine) == told_of(desk.listed)

    for _ in range(PAUSE + 1):
        assert await desk.ask(AROUND, engine) == told_of(desk.listed)
    assert wholes(desk.shop) == [False]

    await desk.ask(AROUND, engine)
    assert wholes(desk.shop) == [True]


async def test_when_wholes_are_too_much_the_first_lose_theirs() -> None:
    desks = [surrounded(UnchangingList) for _ in range(3)]
    size = len(orjson.dumps(told_of(desks[0].listed).data)) - len('{"shop":}')
    with patch.object(unchanging, "WHOLES", Wholes(2 * size)):
        for desk in desks:
            engine = desk.engine()
            for _ in range(4):
                await desk.ask(AROUND, engine)

        assert [wholes(desk.shop) for desk in desks] == [[False], [True], [True]]


async def test_a_whole_goes_with_the_object_that_it_was_made_of() -> None:
    desks = [surrounded(UnchangingList) for _ in range(3)]
    engines = [desk.engine() for desk in desks]
    size = len(orjson.dumps(told_of(desks[0].listed).data)) - len('{"shop":}')
    with patch.object(unchanging, "WHOLES", Wholes(2 * size)) as kept:
        for desk, engine, expected in zip(desks, engines, (1, 1, 2), strict=True):
            for _ in range(4):
                await desk.ask(AROUND, engine)
            assert kept.size == expected * size
            if desk is desks[0]:
                desk.shop = None
                gc.collect()
                assert kept.size == 0

        assert [wholes(desk.shop) for desk in desks[1:]] == [[True], [True]]
        desks[1].listed = {**desks[1].listed, "C": 2_000}
        await desks[1].ask(AROUND, engines[1])
        assert kept.size == size
