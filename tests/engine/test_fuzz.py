"""The engine says what the reference executor says."""

import gc

from graphql import parse, validate

from app.engine.execution import Engine, Request
from tests.engine.asking import Asker, variables
from tests.engine.fuzz import ASKED, fuzz
from tests.engine.worlds import Mood, World, seeded


async def test_two_thousand_documents_are_answered_as_by_the_reference_executor() -> None:
    tally = await fuzz(2_000)

    assert tally.differences == []
    assert tally.counts["compiled"] > 0.98 * ASKED * tally.executions
    assert tally.counts.keys() == {"compiled", "too large"}
    assert tally.with_errors > tally.executions / 4


async def test_no_coroutine_is_left_behind_and_no_field_path_is_asked_twice() -> None:
    for number in range(8):
        world = World(seeded(number))
        engine = Engine(world.schema, world.description(), at_first_sight=True)
        dice = seeded(-number)
        for place in range(12):
            asker = Asker(world.schema, dice)
            text = asker.document()
            document = parse(text)
            if not validate(world.schema, document):
                mood = Mood(number * 100 + place, 0.1)
                given = variables(asker.used, dice)
                await engine.execute(Request(document, text, None, given, mood, world.root(mood)))
                asked = [(path, type_) for path, type_, _ in mood.calls]
                assert len(asked) == len(set(asked))
    gc.collect()
