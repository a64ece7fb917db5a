"""The example of the page is what the engine answers."""

from pathlib import Path

from app.promises.model import Reason
from tests.promises.worlds import World, an_inquiry

PAGE = Path(__file__).parents[2] / "docs/promises.md"


async def test_the_example_is_what_the_engine_answers() -> None:
    world = World({(sku, code): 5 for sku in "AB" for code in ("DC", "ST-NEAR")})
    async with world.service() as service:
        question = world.question(("A", 2), ("B", 1))
        answer = await service.options(question, an_inquiry(), now=world.now)

    [choice] = answer.choices
    order = [("DC", "parcel"), ("ST-NEAR", "parcel"), ("DC", "tomorrow"), ("ST-NEAR", "tomorrow")]
    told = {(one.legs[0].location, one.legs[0].carrier_service): one for one in choice.options}
    assert set(told) == set(order)
    options = [told[key] for key in order]  # type: ignore[index]
    page = PAGE.read_text(encoding="utf-8")
    costs = " | ".join(f"**{one.cost_to_retailer.amount}**" for one in options)
    assert f"| **cost to the retailer** | {costs} |" in page
    grams = " | ".join(f"**{one.emissions.value / 1000:.3f} g**" for one in options)
    assert f"| **CO2e, WTW** | {grams} |" in page
    hours = " | ".join(f"{one.legs[0].order_by.hour + 1}:00" for one in options)  # in Milan
    assert f"| order by | {hours} |" in page
    [lost] = choice.exclusions
    assert (lost.location, lost.reason) == ("ST-FAR", Reason.NOT_CARRIED)
    assert f"*{lost.change}*" in page
