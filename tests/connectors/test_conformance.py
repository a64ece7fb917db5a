"""Every connector x specimen x declared port x line of the failure menu."""

from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta
from functools import partial

import pytest

from app.ports import FoundConnector, UpstreamHttp, find_connectors, read_manifest
from app.upstream.client import ClientPolicy, open_client
from connectors.kit.checks import Evidence
from connectors.kit.conformance import Case, CaseResult, Subject, cases_of, subject_of, try_case
from connectors.kit.manifests import CONNECTORS
from connectors.kit.quality import grade

FOUND = find_connectors(CONNECTORS)
LAST_REVIEW = max(
    date.fromisoformat(said[:10])
    for one in FOUND.values()
    for said in read_manifest(one).quality.reviewed.values()
)  # whether one is due again by now is for `tessera connectors check` to say
SUBJECTS = {name: subject_of(read_manifest(found), found.module) for name, found in FOUND.items()}
CASES = [case for subject in SUBJECTS.values() for case in cases_of(subject)]
PATIENT, HASTY = timedelta(seconds=5), timedelta(seconds=1.5)


def open_http(url: str, *, timeout: timedelta) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("specimen", url, policy=ClientPolicy(timeout=timeout))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_conformance(case: Case) -> None:
    timeout = HASTY if case.failure.endswith("timeout") else PATIENT

    result = await try_case(SUBJECTS[case.connector], case, partial(open_http, timeout=timeout))

    assert [finding.reason for finding in result.findings] == []


@pytest.mark.parametrize("found", FOUND.values(), ids=lambda found: found.name)
def test_what_needs_no_upstream_reaches_the_tier_that_is_claimed(found: FoundConnector) -> None:
    graded = grade(_evidence(found, SUBJECTS[found.name]))

    assert [rule.id for rule in graded.failing() if rule.tier <= graded.claimed] == []


def _evidence(found: FoundConnector, subject: Subject) -> Evidence:
    """As if every suite had passed; whether they do is shown above."""
    return Evidence(
        found=found,
        manifest=subject.manifest,
        package=subject.package,
        results=tuple(CaseResult(case=case, findings=()) for case in cases_of(subject)),
        today=LAST_REVIEW,
    )
