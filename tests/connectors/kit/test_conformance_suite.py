"""The suites pass a healthy connector and catch every kind of broken one."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from itertools import count

import pytest

from app.ports import StockLevel, UpstreamHttp, Wiring
from app.upstream.client import ClientPolicy, open_client
from app.values import Sku
from connectors.kit import health
from connectors.kit.bench import OpenHttp, outcome_of
from connectors.kit.conformance import CaseResult, Subject, cases_of, try_case
from connectors.kit.question import Reading
from tests.connectors.kit.spoiled import (
    NORTH,
    AddsRepeatedRows,
    AnswersFromMemory,
    AsksOneByOne,
    AsksUntilSomethingComes,
    ForgetsOffsets,
    IgnoresRetryAfter,
    LetsErrorsOut,
    MakesUpZeros,
    NeverForgives,
    OpensItsOwnClient,
    RepeatsRows,
    SwallowsErrors,
    TakesNoUnknownShape,
    TellsTheAddress,
    TellsTheVendorsText,
)
from tests.connectors.kit.tiny import (
    TinySettings,
    a_manifest,
    a_specimen,
    a_subject,
)

MENU = [
    "401",
    "403",
    "404",
    "409",
    "429",
    "500",
    "timeout",
    "cut",
    "rubbish",
    "wrong-types",
    "empty",
    "duplicate",
]
QUICK = [failure for failure in MENU if failure != "timeout"]  # which waits by its nature


PATIENT, HASTY = timedelta(seconds=5), timedelta(seconds=1.5)


def open_http(url: str, *, timeout: timedelta) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("tiny", url, policy=ClientPolicy(timeout=timeout))


def within(failure: str) -> OpenHttp:
    return partial(open_http, timeout=HASTY if failure == "timeout" else PATIENT)


async def tried(subject: Subject, failures: Iterable[str]) -> list[CaseResult]:
    wanted = set(failures)
    cases = [case for case in cases_of(subject) if case.failure in wanted]
    return [await try_case(subject, case, within(case.failure)) for case in cases]


async def broken_rules(subject: Subject, failures: Iterable[str]) -> dict[str, list[str]]:
    """The rules each case found broken, each once."""
    return {
        result.case.failure: sorted({finding.rule for finding in result.findings})
        for result in await tried(subject, failures)
    }


async def test_a_healthy_connector_passes_every_case() -> None:
    subject = a_subject()

    results = await tried(subject, ["healthy", "batched", *MENU])

    assert {result.case.failure: result.findings for result in results} == dict.fromkeys(
        ["healthy", "batched", *MENU], ()
    )


async def test_the_healthy_case_measures_what_a_question_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticking = count()
    monkeypatch.setattr(health, "perf_counter", lambda: next(ticking) * 0.01)
    [result] = await tried(a_subject(), ["healthy"])

    login_and_two_batches = 3
    assert result.calls == login_and_two_batches
    assert result.seconds == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("spoiled", "found"),
    [
        (LetsErrorsOut, {"wrong-types": ["errors-ours"]}),
        (IgnoresRetryAfter, {"429": ["throttle-honoured"]}),
        (
            MakesUpZeros,
            {
                "healthy": ["conformance"],
                "wrong-types": ["conformance"],
                "empty": ["conformance"],
            },
        ),
        (AddsRepeatedRows, {"duplicate": ["conformance"]}),
        (RepeatsRows, {"duplicate": ["conformance"]}),
        (AsksOneByOne, {"batched": ["batched"]}),
        (
            SwallowsErrors,
            {
                "401": ["errors-ours"],
                "403": ["errors-ours"],
                "409": ["errors-ours"],
                "429": ["throttle-honoured"],
                "500": ["errors-ours"],
                "cut": ["errors-ours"],
                "rubbish": ["errors-ours"],
                "wrong-types": ["conformance"],
            },
        ),
        (NeverForgives, {failure: ["recovers"] for failure in QUICK[:9]}),
        (ForgetsOffsets, {"healthy": ["conformance"]}),
        (
            TellsTheAddress,
            {"500": ["errors-ours"], "cut": ["errors-ours"]},
        ),
        (
            AsksUntilSomethingComes,
            {failure: ["conformance"] for failure in ("healthy", "wrong-types", "empty")},
        ),
        (TakesNoUnknownShape, {"wrong-types": ["conformance"]}),
        (AnswersFromMemory, {failure: ["conformance"] for failure in ("healthy", *QUICK)}),
    ],
)
async def test_a_broken_connector_is_caught(
    spoiled: Callable[[TinySettings, Wiring], object], found: dict[str, list[str]]
) -> None:
    everything = ["healthy", "batched", *QUICK]

    rules = await broken_rules(a_subject(spoiled), everything)

    assert rules == {failure: found.get(failure, []) for failure in everything}


async def test_an_error_that_is_swallowed_after_a_time_limit_is_caught() -> None:
    rules = await broken_rules(a_subject(SwallowsErrors), ["timeout"])

    assert rules == {"timeout": ["errors-ours"]}


async def test_a_message_with_the_vendors_own_text_is_caught() -> None:
    rules = await broken_rules(a_subject(TellsTheVendorsText), ["409"])

    assert rules == {"409": ["errors-ours"]}


async def test_calls_past_the_injected_client_are_caught() -> None:
    rules = await broken_rules(a_subject(OpensItsOwnClient), ["healthy"])

    assert rules == {"healthy": ["client-injected"]}


async def test_a_finding_tells_what_was_done_where_and_when() -> None:
    [result] = await tried(a_subject(IgnoresRetryAfter), ["429"])

    assert [finding.reason for finding in result.findings] == [
        "stock_levels: retry_after is 1 s; asked for were 7 s (429, from step 2 on)"
    ]


async def test_a_port_without_a_proof_and_one_without_a_connection_are_told() -> None:
    promising = a_specimen(ports=frozenset({"LocationSource", "StockSource"}))
    subject = a_subject(specimen=promising)

    results = await tried(subject, ["healthy"])

    stock = next(result for result in results if result.case.port == "StockSource")
    assert [finding.reason for finding in stock.findings] == [
        "the connection has no LocationSource, its specimen says it has",
        "the specimen names LocationSource, the manifest does not declare it",
    ]


async def test_a_specimen_with_one_key_cannot_show_batching() -> None:
    subject = a_subject(specimen=a_specimen(skus=(Sku("MUG"),)))

    [result] = await tried(subject, ["batched"])

    assert [finding.reason for finding in result.findings] == [
        "stock_levels: the specimen needs two keys or more"
    ]


@pytest.mark.parametrize(("limits", "findings"), [({}, 1), ({"StockSource": 1}, 0)])
async def test_a_port_may_take_fewer_ids_than_the_others(
    limits: dict[str, int], findings: int
) -> None:
    manifest = a_manifest(limits={"ids_per_call": 50, "ids_per_call_of": limits})

    [result] = await tried(a_subject(AsksOneByOne, manifest=manifest), ["batched"])

    assert len(result.findings) == findings


async def test_settings_that_do_not_fit_are_a_finding() -> None:
    subject = a_subject(specimen=a_specimen(settings={"passwort": "x"}))

    [result] = await tried(subject, ["healthy"])

    assert [finding.reason for finding in result.findings] == [
        (
            "the specimen's settings do not fit: password: Field required; "
            "passwort: Extra inputs are not permitted"
        )
    ]


def test_every_case_has_a_readable_name() -> None:
    assert [case.id for case in cases_of(a_subject())][:3] == [
        "tiny-shop-StockSource-healthy",
        "tiny-shop-StockSource-batched",
        "tiny-shop-StockSource-401",
    ]


def test_a_port_that_takes_no_keys_has_nothing_to_batch() -> None:
    specimen = a_specimen(ports=frozenset({"LocationSource"}))
    manifest = a_manifest(
        provides={"LocationSource": "beta"},
        freshness={"LocationSource": {"by": "pull", "usual_age": "P1D"}},
    )

    cases = cases_of(a_subject(specimen=specimen, manifest=manifest))

    assert [case.failure for case in cases] == ["healthy", *MENU]


async def test_a_question_that_is_never_answered_ends() -> None:
    async def never() -> Reading:
        await asyncio.Event().wait()
        raise AssertionError

    outcome = await outcome_of(never(), within=0.01)

    assert repr(outcome) == "TimeoutError('no answer within 0.01 s')"


async def test_a_question_that_cancels_itself_is_an_outcome() -> None:
    async def cancelled() -> Reading:
        raise asyncio.CancelledError

    assert isinstance(await outcome_of(cancelled()), asyncio.CancelledError)


async def test_whoever_gives_up_asking_takes_the_question_along() -> None:
    left = asyncio.Event()
    begun = asyncio.Event()

    async def slow() -> Reading:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    asking = asyncio.ensure_future(outcome_of(slow()))
    await begun.wait()
    asking.cancel()

    await asyncio.wait_for(left.wait(), timeout=5)


def test_a_reading_ignores_when_it_was_said() -> None:
    def read(at: str) -> Reading:
        level = StockLevel(
            sku=Sku("MUG"), location=NORTH, on_hand=1, as_of=datetime.fromisoformat(at)
        )
        return Reading(rows=((level.sku, level),), as_of=(level.as_of,), rejected=0)

    assert read("2026-05-04T10:00:00Z").facts == read("2026-05-05T10:00:00Z").facts
