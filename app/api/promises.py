"""The root fields of promises, and the problems they may answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import strawberry

from app.api.context import Context, Info
from app.api.hints import AS_ITS_OWNER, NOT, kept
from app.api.locations import Location
from app.api.pricing import Money
from app.api.problems import Problem
from app.api.promise_input import PromiseOptionsInput
from app.api.promise_options import PromiseOption, PromiseOptions
from app.promises import drift
from app.promises.costs import money
from app.promises.drift import DriftCause
from app.promises.refusals import (
    DestinationRefused,
    PromiseRefusal,
    QuantityRefused,
    SkuRefused,
    StoreRefused,
    TokenRefused,
)
from app.values import Locale, LocationCode


@strawberry.type(
    description="A quantity, or the number of lines, that cannot be ordered.", directives=kept(NOT)
)
class QuantityProblem(Problem):
    """See `path`."""


@strawberry.type(
    description="A variant that does not exist or is not sold through the channel.",
    directives=kept(NOT),
)
class SkuProblem(Problem):
    """See `path`."""


@strawberry.type(
    description="A destination that is in no zone, or that nothing is sent to.",
    directives=kept(NOT),
)
class DestinationProblem(Problem):
    """See `path`."""


@strawberry.type(description="A store that does not exist.", directives=kept(NOT))
class StoreProblem(Problem):
    """See `path`."""


@strawberry.type(
    description="A token that is not ours, too old, or of another basket.", directives=kept(NOT)
)
class TokenProblem(Problem):
    """See `path`."""


PROBLEMS: dict[type[PromiseRefusal], type[Problem]] = {
    QuantityRefused: QuantityProblem,
    SkuRefused: SkuProblem,
    DestinationRefused: DestinationProblem,
    StoreRefused: StoreProblem,
    TokenRefused: TokenProblem,
}

PromiseOptionsResult = Annotated[
    PromiseOptions | QuantityProblem | SkuProblem | DestinationProblem | StoreProblem,
    strawberry.union(
        "PromiseOptionsResult",
        description="What can be promised, or why the question has no answer.",
    ),
]


@strawberry.type(description="What had been promised.", directives=AS_ITS_OWNER)
class PromiseBefore:
    """As the token tells it."""

    earliest: datetime = strawberry.field(description="When it was to be there at the earliest.")
    latest: datetime = strawberry.field(description="When it was to be there at the latest.")
    cost_to_customer: Money = strawberry.field(description="What the shopper was to pay for it.")
    locations: list[LocationCode] = strawberry.field(description="Where it was to come from.")


@strawberry.type(
    description="A promise that does not hold as it was, and what has changed.",
    directives=kept(NOT),
)
class PromiseDrift:
    """Never a silently different date."""

    cause: DriftCause = strawberry.field(description="What has changed.")
    before: PromiseBefore = strawberry.field(description="What had been promised.")
    after: PromiseOption | None = strawberry.field(
        description="What can be promised instead; null if nothing can."
    )


PromiseCheckResult = Annotated[
    PromiseOption
    | PromiseDrift
    | QuantityProblem
    | SkuProblem
    | DestinationProblem
    | StoreProblem
    | TokenProblem,
    strawberry.union(
        "PromiseCheckResult",
        description="The promise as it was, what has changed, or why it cannot be checked.",
    ),
]
LocaleArgument = Annotated[
    Locale | None, strawberry.argument(description="Language of texts, such as names of places.")
]
Asked = Annotated[
    PromiseOptionsInput, strawberry.argument(description="What is wanted, where, and how.")
]


@strawberry.type
class PromiseRoot:
    """The root fields of promises."""

    @strawberry.field(
        description="When a basket can be there, from where, at what cost and what emissions."
    )
    async def promise_options(
        self,
        info: Info,
        input: Asked,  # noqa: A002  the schema's name
        locale: LocaleArgument = None,
    ) -> PromiseOptionsResult:
        """Every option that is best in some respect."""
        context = info.context
        question = input.question(context)
        try:
            answer = await context.services.promises.options(
                question, context.inquiry, now=context.now
            )
        except PromiseRefusal as refusal:
            return problem(refusal)  # type: ignore[return-value]  # one of the union
        return PromiseOptions.of(answer, places(context, locale))

    @strawberry.field(
        description="Whether an earlier promise still holds, for the basket as it is now."
    )
    async def promise_check(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="The token of an option.")],
        input: Asked,  # noqa: A002  the schema's name
        locale: LocaleArgument = None,
    ) -> PromiseCheckResult:
        """The promise, or its drift."""
        context = info.context
        question = input.question(context)
        try:
            found = await context.services.promises.check(
                token, question, context.inquiry, now=context.now
            )
        except PromiseRefusal as refusal:
            return problem(refusal)  # type: ignore[return-value]  # one of the union
        at = places(context, locale)
        if isinstance(found, drift.PromiseDrift):
            return drifted(found, at)
        return PromiseOption.of(found, at)


def problem(refusal: PromiseRefusal) -> Problem:
    """A refusal as the schema tells it."""
    return PROBLEMS[type(refusal)].told(refusal.code, refusal, refusal.path)


def places(context: Context, locale: Locale | None) -> Callable[[LocationCode], Location]:
    """Locations by code, as the caller sees them; those that are named are remembered."""
    language = context.languages(locale)[0]

    def at(code: LocationCode) -> Location:
        found = context.services.locations.find(code)
        assert found is not None  # noqa: S101  offers are made of places that there are
        context.seen.places.append(code)
        return Location.of(found, language=language)

    return at


def drifted(found: drift.PromiseDrift, at: Callable[[LocationCode], Location]) -> PromiseDrift:
    """A drift as the schema tells it."""
    told = found.before
    return PromiseDrift(
        cause=found.cause,
        before=PromiseBefore(
            earliest=told.earliest,
            latest=told.latest,
            cost_to_customer=Money.of(money(told.fee, told.currency)),
            locations=list(told.locations),
        ),
        after=None if found.after is None else PromiseOption.of(found.after, at),
    )
