"""What do documents, budgets and rules of access cost each operation, beside its execution?

In process, on one core: an operation is let in and settled, for an answer of 76 kB that was made
before. `text` is what every operation cost without either; Redis is a real server beside us, whose
own CPU is not counted. The number of microseconds is CPU of this process.
"""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from time import monotonic

import orjson

from app.api.admission import Admission, build_gate, build_registering_gate
from app.api.asking import Asked, asked
from app.api.callers import Caller
from app.api.outcomes import Fate, Outcome
from app.api.schema import build_schema
from app.api.spending import Spending
from app.engine.budget import Patience, SharedRedis, objects_below_root, redis_client
from app.engine.documents import (
    Entry,
    MemoryDocuments,
    Mode,
    Register,
    TrustedDocuments,
    build_register,
    hash_of,
)
from app.engine.gate import Gate
from app.settings import Budget, Requests
from benchmarks import access
from benchmarks.executors import QUERIES, ROUNDS, Turn, measured
from tests.engine_documents.builders import entry
from tests.redis import running_redis

TEXT, ASKED = QUERIES["listing of 24"]
VARIABLES = ASKED()
AT_ONCE = 16
TOGETHER = f"the same, {AT_ONCE} at once, a task each"
CALLER = Caller(client="web", address="192.0.2.1")
PATIENT = Patience(within=timedelta(seconds=10))  # what is measured is work, not waiting
PLENTY = Budget(size=10**9, restore_rate=10**9)
PRICE = {"price": {"amount": {"amount": "1.00", "currency": "EUR"}, "freshness": "CACHED"}}
PRODUCT = {"id": "p1", "name": "A name of usual length", "variants": [PRICE] * 40}
ANSWER = orjson.dumps({"products": {"edges": [{"cursor": "x", "node": PRODUCT}] * 24}})
UNCOUNTED = Outcome(fate=Fate.EXECUTED, data=ANSWER)  # as the reference executor gives it
COUNTED = UNCOUNTED.but(objects=objects_below_root(ANSWER))


async def main() -> None:
    """Measure and print."""
    print(
        f"Admission: graphql-core {version('graphql-core')}, redis {version('redis')}; CPU µs an"
        f" operation, medians of {ROUNDS} interleaved rounds; an answer of {len(ANSWER):,} bytes"
    )
    schema = build_schema()
    gate = build_gate(schema, Requests(), introspection=False)
    registering = build_registering_gate(schema, Requests())
    entries: list[Entry] = [
        entry(TEXT),
        *(entry(f"query Q{n} {{ __typename }}") for n in range(500)),
    ]
    register = build_register({"web": entries}, registering)
    with running_redis() as server:
        async with aclosing(SharedRedis(redis_client(server.url), monotonic, PATIENT)) as shared:
            found = await measured(turns(gate, register, shared))
            assert shared.failed == 0, "Redis did not answer"
    found[TOGETHER] /= AT_ONCE
    for name, seconds in found.items():
        more = seconds - found["text"]
        print(f"  {name:42} {seconds * 1e6:8.1f} µs  {more * 1e6:+8.1f}")
    await access.main()


def turns(gate: Gate, register: Register, shared: SharedRedis) -> dict[str, Turn]:
    """What is compared."""
    by_text = asked({"query": TEXT, "variables": VARIABLES})
    by_id = asked({"documentId": hash_of(TEXT), "variables": VARIABLES})
    warned = TrustedDocuments(register, mode=Mode.WARN)
    learning = TrustedDocuments(
        build_register({}, gate), mode=Mode.OFF, automatic=MemoryDocuments()
    )
    sharing = answering(Admission(gate, spending=Spending(PLENTY, shared=shared)), by_text)
    return {
        "text": answering(Admission(gate), by_text),
        "text, found in a register of 501": answering(Admission(gate, documents=warned), by_text),
        "registered, by its id": answering(Admission(gate, documents=warned), by_id),
        "text, automatic queries on": answering(Admission(gate, documents=learning), by_text),
        "text, budget in memory": answering(Admission(gate, spending=Spending(PLENTY)), by_text),
        "text, the same, objects not counted yet": answering(
            Admission(gate, spending=Spending(PLENTY)), by_text, UNCOUNTED
        ),
        "text, budget in Redis": sharing,
        TOGETHER: partial(together, sharing),
    }


async def together(one: Turn) -> bytes:
    """So many at the same time."""
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return ANSWER


def answering(admission: Admission, question: Asked, outcome: Outcome = COUNTED) -> Turn:
    """One operation, let in and settled."""

    async def turn() -> bytes:
        entered = await admission.admit(question, CALLER)
        if entered.charge is not None:
            await admission.settled(entered.charge, outcome)
        return ANSWER

    return turn


if __name__ == "__main__":
    asyncio.run(main())
