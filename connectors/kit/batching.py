"""Does a question cost calls by the batch, and not by the key?"""

from collections.abc import AsyncIterator
from math import ceil

from connectors.kit.bench import Bench
from connectors.kit.findings import Finding
from connectors.kit.question import Keys, Question

FEWEST_KEYS = 2
MOST_PADDING = 1_000  # made-up keys; connectors that take more at once are asked for this many
LEFT_OUT = 10  # keys that are left out in turn, to see whether each of them costs


async def count_calls(
    bench: Bench, questions: tuple[Question, ...], ids_per_call: int
) -> tuple[Finding, ...]:
    """Calls grow with the batches of keys, never with the keys."""
    asked = [question for question in questions if question.keys(bench.specimen)]
    if not asked:
        return (Finding("batched", "the specimen names nothing that could be asked for"),)
    found = [one for question in asked async for one in _costs(bench, question, ids_per_call)]
    return tuple(found)


async def _costs(bench: Bench, question: Question, ids_per_call: int) -> AsyncIterator[Finding]:
    keys = question.keys(bench.specimen)
    if len(keys) < FEWEST_KEYS:
        yield Finding("batched", f"{question.name}: the specimen needs two keys or more")
        return
    one, batch = await _dearest_key(bench, question, keys), keys[:ids_per_call]
    base = await _cost(bench, question, batch)
    if base > one and await _each_costs(bench, question, batch, base):
        told = f"one key costs {one} calls, {len(batch)} cost {base}"
        yield Finding("batched", f"{question.name}: {told} ({ids_per_call} go in one call)")
        return
    for size in _telling_sizes(len(keys), ids_per_call):
        padding = question.unknown(bench.specimen, max(0, size - len(keys)))
        cost = await _cost(bench, question, (*keys[:size], *padding))
        if cost > max(one, base) * ceil(size / ids_per_call):
            told = f"{len(batch)} keys cost {base} calls, {size} cost {cost}"
            yield Finding("batched", f"{question.name}: {told} ({ids_per_call} go in one call)")


async def _dearest_key(bench: Bench, question: Question, keys: Keys) -> int:
    """What asking for a single key costs; keys of several kinds may cost a call each."""
    kinds = {getattr(key, "by", None): key for key in reversed(keys)}
    return await _cost(bench, question, tuple(kinds.values()))


async def _each_costs(bench: Bench, question: Question, batch: Keys, base: int) -> bool:
    """Whether the batch is cheaper without any one of its keys.

    Calls may also grow with what the keys lead to (the warehouses that hold them); then some key
    can be left out without saving a call.
    """
    for left_out in batch[:LEFT_OUT]:
        rest = tuple(key for key in batch if key != left_out)
        if await _cost(bench, question, rest) >= base:
            return False
    return True


def _telling_sizes(known: int, ids_per_call: int) -> list[int]:
    """All the keys, as many as go in one call, and one more than that."""
    full = [size for size in (ids_per_call, ids_per_call + 1) if size <= known + MOST_PADDING]
    return sorted({known, *full})


async def _cost(bench: Bench, question: Question, keys: Keys) -> int:
    plugged = await bench.plug()
    await plugged.ask(question, keys)
    return plugged.line.calls
