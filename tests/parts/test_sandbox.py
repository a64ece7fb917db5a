"""A page of the demo retailer in parts, while one of its systems is slow."""

from connectors.kit.serve import serve
from connectors.sandbox.faults import Fault
from tests.clients.test_http_audits import app_of, requests_only
from tests.gateways import sandbox_gateway
from tests.parts.reading import BY_ID, BY_PATH, parts
from tests.streams.served import until

PAGE = """{ products(first: 5) { edges { node { name ... @defer(label: "stock") {
  variants(first: 2) { availability(locations: ["ST-MIL"]) { status freshness } } } } } } }"""


async def test_the_first_part_is_there_before_the_slow_system_has_answered() -> None:
    async with sandbox_gateway() as sandbox, serve(requests_only(app_of(sandbox.ask))) as address:
        tills = sandbox.upstreams["tills"]
        tills.break_with(Fault(kind="slow", seconds=1))
        async with parts(address, PAGE, accept=BY_ID) as answer:
            first = await answer.next()
            await until(lambda: sandbox.calls.get("tills") == 1)
            last = await answer.next()
            await answer.end()

    assert len(first["data"]["products"]["edges"]) == 5
    assert [one["connection"] for one in first["extensions"]["freshness"]] == ["shop"]
    assert [one["id"] for one in last["incremental"]] == ["0", "1", "2", "3", "4"]
    told = last["incremental"][-1]["extensions"]["freshness"]
    assert {(one["connection"], one["port"], one["freshness"]) for one in told} == {
        ("shop", "CatalogSource", "LIVE"),
        ("tills", "StockSource", "LIVE"),
    }
    assert sandbox.calls == {"shop": 1, "tills": 1}


async def test_what_a_silent_system_owes_is_unknown_and_told_with_the_part_it_is_missing_from() -> (
    None
):
    async with (
        sandbox_gateway(timeouts={"tills": "PT2S"}) as sandbox,
        serve(requests_only(app_of(sandbox.ask))) as address,
    ):
        sandbox.upstreams["tills"].break_with(Fault(kind="silent"))
        for accept in (BY_PATH, BY_ID):
            async with parts(address, PAGE, accept=accept) as answer:
                first, *rest = await answer.all()

            entries = [one for part in rest for one in part["incremental"]]
            errors = [error for one in entries for error in one.get("errors", ())]
            statuses = {
                stock["status"]
                for one in entries
                for variant in one["data"]["variants"]
                for stock in variant["availability"]
            }
            assert "errors" not in first
            assert statuses == {"UNKNOWN"}
            assert [one["extensions"]["connection"] for one in errors] == ["tills"]
            assert errors[0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
