"""May an operation be executed, whatever brought it here?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import structlog
from graphql import OperationType
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.api.access import BITS, IMPERSONAL, refusal_of
from app.api.asking import Asked, Questions
from app.api.callers import Caller
from app.api.outcomes import (
    Outcome,
    document_refused,
    not_admitted,
    not_for,
    only_by_post,
    over_budget,
)
from app.api.schema import Schema, core
from app.api.sizes import sizes_of
from app.api.spending import Spending
from app.engine.budget import BudgetExceeded, Charge, Cost
from app.engine.documents import (
    EMPTY,
    DocumentRefused,
    FoundDocument,
    How,
    Mode,
    TrustedDocuments,
)
from app.engine.gate import (
    Admitted,
    Documents,
    Gate,
    Limits,
    NotAdmittedError,
    Validator,
)
from app.settings import Requests

log = structlog.get_logger(__name__)

LOOSER = 5  # times as much as a stranger's may a registered document have, but for its cost
RULES = (MaybeNullValidationRule, OneOfInputValidationRule)  # what strawberry adds to the standard


def build_gate(
    schema: Schema,
    requests: Requests,
    *,
    introspection: bool,
    places: Callable[[], int] | None = None,
) -> Gate:
    """The gate before a schema; every transport of a process shares it.

    `places` says how many locations there are; without it, as many as a page may have.
    """
    kept = Documents(most_bytes=requests.document_cache)
    return _gate(schema, limits_of(requests), kept, places, introspection=introspection)


def build_registering_gate(
    schema: Schema, requests: Requests, *, places: Callable[[], int] | None = None
) -> Gate:
    """The gate for documents that are to be registered, whose mistakes are told in full.

    Somebody decided on them, so the limits of form are looser. The cost is not theirs to decide: it
    depends on variables and `places`, and is limited at every request.
    """
    usual = asdict(limits_of(requests))
    kept = {"cost": usual.pop("cost"), "errors": usual.pop("errors")}
    limits = Limits(**{name: most * LOOSER for name, most in usual.items()}, **kept)
    register = Documents(most_bytes=0)  # the register keeps them
    return _gate(schema, limits, register, places, introspection=True)


def _gate(
    schema: Schema,
    limits: Limits,
    documents: Documents,
    places: Callable[[], int] | None,
    *,
    introspection: bool,
) -> Gate:
    known = core(schema)
    return Gate(
        known,
        limits=limits,
        sizes=sizes_of(known, places),
        access=schema.access,
        validator=Validator(known, rules=RULES, most=limits.errors, introspection=introspection),
        documents=documents,
    )


def limits_of(requests: Requests) -> Limits:
    """The limits that a deployment decided."""
    return Limits(
        characters=requests.max_document,
        lines=requests.max_lines,
        values=requests.max_values,
        tokens=requests.max_tokens,
        depth=requests.max_depth,
        aliases=requests.max_aliases,
        directives=requests.max_directives,
        deferrals=requests.max_deferrals,
        root_fields=requests.max_root_fields,
        mutations=requests.max_mutations,
        operations=requests.max_operations,
        selections=requests.max_selections,
        cost=requests.max_cost,
    )


class NotAnsweredError(Exception):
    """An operation that is not executed; the outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome


class Entered(Admitted, frozen=True, kw_only=True):
    """An operation that was let in: how its document was found, and what was charged for it."""

    how: How
    charge: Charge | None


class Admission:
    """Lets operations in, one after another the same for every transport.

    `counts` says how documents were found (`document`), why operations were refused (`refused`),
    and how many points were `charged`, `refunded` and, without a shared store, charged `locally`.
    Its `questions` are those that it let in before.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        documents: TrustedDocuments | None = None,
        spending: Spending | None = None,
    ) -> None:
        """Without `documents` none is registered; without `spending` nothing is charged."""
        self._gate = gate
        self._documents = documents or TrustedDocuments(EMPTY, mode=Mode.OFF)
        self._spending = spending
        self.counts: Counter[tuple[str, str]] = Counter()
        self.questions = Questions()

    @property
    def prompt(self) -> bool:
        """Whether charging never has to be waited for."""
        return self._spending is None or self._spending.prompt

    async def admit(self, asked: Asked, caller: Caller, *, safe: bool = False) -> Entered:
        """The operation that may be executed; one that must be `safe` changes nothing.

        Raises:
            NotAnsweredError: it may not.
        """
        try:
            found = await self._documents.find(asked.document, client=caller.client)
            admitted = self._through_gate(found, asked)
            if safe and admitted.kind is OperationType.MUTATION:
                raise NotAnsweredError(only_by_post(admitted.kind))
            self._check_access(admitted, caller)
            if found.learn:
                await self._documents.learn(found)
            charge = None
            if self._spending is not None:
                charge = await self._charged(self._spending, caller, admitted.cost)
        except DocumentRefused as refusal:
            raise self._refused(document_refused(refusal), stage="document") from refusal
        except NotAdmittedError as refusal:
            excess = refusal.excess
            told = {"stage": refusal.stage, "measure": excess and excess.measure}
            raise self._refused(not_admitted(refusal), **told) from refusal
        except BudgetExceeded as refusal:
            raise self._refused(over_budget(refusal), stage="budget") from refusal
        if asked.body is not None and of_nobody(admitted):
            self.questions.keep(asked.body, asked)
        return self._entered(admitted, found, charge)

    async def admit_known(self, asked: Asked, caller: Caller) -> Entered | None:
        """The same for a query, where nothing is refused or learnt, and only a charge waited for.

        None where something is: nothing was counted or charged then.
        """
        if (known := self._known(asked, caller)) is None:
            return None
        charge = None
        if self._spending is not None:
            try:
                charge = await self._charged(self._spending, caller, known[0].cost)
            except BudgetExceeded:
                return None
        return self._entered(*known, charge)

    def admit_at_once(self, asked: Asked, caller: Caller) -> Entered | None:
        """The same where admission is `prompt`, without a coroutine."""
        if (known := self._known(asked, caller)) is None:
            return None
        charge = None
        if self._spending is not None:
            charge = self._spending.charge_at_once(caller, known[0].cost)
            if charge is None:
                return None
            self._count(charge)
        return self._entered(*known, charge)

    def _known(self, asked: Asked, caller: Caller) -> tuple[Admitted, FoundDocument] | None:
        """A query that may be charged, unless something is refused or learnt."""
        try:
            found = self._documents.at_once(asked.document, client=caller.client)
            if found is None or found.learn or asked.again is None:
                return None
            admitted = self._through_gate(found, asked)
        except (DocumentRefused, NotAdmittedError):
            return None
        if admitted.deferring is not None or not of_nobody(admitted):
            return None
        return (admitted, found) if admitted.open_to & BITS[caller.known.kind] else None

    def _entered(self, admitted: Admitted, found: FoundDocument, charge: Charge | None) -> Entered:
        self.counts["document", found.how] += 1
        return Entered(
            admitted.text,
            admitted.document,
            admitted.operation,
            admitted.cost,
            admitted.name,
            admitted.kind,
            admitted.kind_name,
            admitted.deferring,
            admitted.open_to,
            how=found.how,
            charge=charge,
        )

    async def settled(self, charge: Charge, outcome: Outcome) -> Outcome:
        """The outcome with its cost, now that it is known: what was not used is given back.

        An operation that nobody waits for any more need not be settled: it pays its estimate.
        """
        if self._spending is None:
            return outcome
        cost = self._spending.settle_at_once(charge, outcome)
        return self._refunded(cost or await self._spending.settle(charge, outcome), outcome)

    def settled_at_once(self, charge: Charge, outcome: Outcome) -> Outcome | None:
        """The same where nothing has to be waited for; None where something has."""
        if self._spending is None or not (cost := self._spending.settle_at_once(charge, outcome)):
            return None
        return self._refunded(cost, outcome)

    def _refunded(self, cost: Cost, outcome: Outcome) -> Outcome:
        self.counts["points", "refunded"] += max(0, cost.requested - (cost.actual or 0))
        return outcome.but(extensions={**outcome.extensions, "cost": cost.told()})

    def personal(self, admitted: Admitted) -> list[tuple[str, str]]:
        """The fields of an operation that tell of a person."""
        return self._gate.closed(admitted, IMPERSONAL)

    def _through_gate(self, found: FoundDocument, asked: Asked) -> Admitted:
        name, variables = asked.operation_name, asked.variables
        if found.prepared is None:
            return self._gate.admit(
                found.text, operation_name=name, variables=variables, again=asked.again
            )
        return self._gate.admit_prepared(
            found.prepared, operation_name=name, variables=variables, again=asked.again
        )

    def _check_access(self, admitted: Admitted, caller: Caller) -> None:
        bit = BITS[caller.known.kind]
        if not admitted.open_to & bit:
            outcome = not_for(caller.known, refusal_of(self._gate.closed(admitted, bit)))
            raise self._refused(outcome, stage="access", kind=caller.known.kind)

    async def _charged(self, spending: Spending, caller: Caller, points: int) -> Charge:
        charge = await spending.charge(caller, points)
        self._count(charge)
        return charge

    def _count(self, charge: Charge) -> None:
        self.counts["points", "charged"] += charge.points
        self.counts["points", "local"] += charge.points * charge.local

    def _refused(self, outcome: Outcome, **told: Any) -> NotAnsweredError:
        for code in outcome.codes:
            self.counts["refused", code] += 1
        log.info("operation.refused", codes=outcome.codes, **told)
        return NotAnsweredError(outcome)


def of_nobody(admitted: Admitted) -> bool:
    """Whether it only reads, and nothing that tells of a person."""
    return admitted.kind is OperationType.QUERY and bool(admitted.open_to & IMPERSONAL)
