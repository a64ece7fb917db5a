"""What never changes is completed twice at most, as a whole or around what has to be asked."""

from typing import Any

import orjson
import pytest
from graphql import parse

from app.engine.execution import Executed, Request
from app.engine.unchanging import MOST_FORMS, TURNED_AWAY, UnchangingList
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
