"""How long does an answer take while one of its systems misbehaves, and what does it say?

Three connections of the sandbox, each broken in every way while the other two are well. Limits:
deadline + 100 ms for every answer; at most 1.1 upstream calls for each offered one in an outage.
"""

from time import monotonic

from connectors.sandbox.faults import Fault
from tests.flows.test_fault_matrix import (
    ASKED,
    FAULTS,
    NOTHING_KEPT,
    QUERY,
    a_sku_everybody_has,
)
from tests.gateways import Sandbox, sandbox_gateway

BUDGET = 1.0  # seconds
OFFERED = 200


async def main() -> None:
    """Measure and print."""
    async with sandbox_gateway(
        requests={"budget": f"PT{BUDGET}S"}, freshness=NOTHING_KEPT
    ) as sandbox:
        sku = a_sku_everybody_has()
        await sandbox.ask(QUERY, sku=sku)
    print(f"Fault matrix: budget {BUDGET * 1000:.0f} ms, one system broken, the others well")
    for system in ASKED:
        for name, fault in FAULTS.items():
            await one_fault(system, name, fault, sku)
    print()
    await outage(sku)


async def one_fault(system: str, name: str, fault: Fault, sku: str) -> None:
    """One cell of the matrix, in a gateway that has not met the fault before."""
    async with sandbox_gateway(
        requests={"budget": f"PT{BUDGET}S"}, freshness=NOTHING_KEPT
    ) as sandbox:
        await sandbox.ask(QUERY, sku=sku)
        sandbox.upstreams[system].break_with(fault)
        sandbox.forget_calls()
        started = monotonic()
        body = await sandbox.ask(QUERY, sku=sku)
        took = monotonic() - started
        told = cell(body, system)
    kept = "ok" if took <= BUDGET + 0.1 else "LATE"
    print(f"  {system:<10} {name:<20} {took * 1000:6.0f} ms {kept:<5} {told}")


def cell(body: dict[str, object], system: str) -> str:
    """What the answer says of the broken system and of the others."""
    data, errors = body["data"], body.get("errors", [])
    spread = data["variants"][0]["availability"]  # type: ignore[index]  # decoded JSON
    broken = [one for one in spread if one["source"] == system]
    well = [one for one in spread if one["source"] != system]
    sound = all(one["freshness"] == "LIVE" for one in well)
    codes = [error["extensions"]["code"] for error in errors]  # type: ignore[attr-defined]
    return f"{broken[0]['status']}, others {'LIVE' if sound else 'HURT'}, {', '.join(codes)}"


async def outage(sku: str) -> None:
    """Calls that reach a dead system, for each one the gateway's callers asked for."""
    async with sandbox_gateway(freshness=NOTHING_KEPT) as sandbox:
        await warm(sandbox, sku)
        sandbox.upstreams["tills"].break_with(FAULTS["500"])
        sandbox.forget_calls()
        for _ in range(OFFERED):
            await sandbox.ask(QUERY, sku=sku)
        calls = sandbox.calls
    print(f"Full outage of one system, {OFFERED} operations one after another")
    print(f"  calls that reached it {calls['tills']}, {calls['tills'] / OFFERED:.2f} an operation")
    print(f"  calls to a healthy one {calls['warehouse']}, {calls['warehouse'] / OFFERED:.2f}\n")


async def warm(sandbox: Sandbox, sku: str) -> None:
    """A healthy while, in which retries are earned."""
    for _ in range(30):
        await sandbox.ask(QUERY, sku=sku)
