"""Is a document valid, and how much may be told of why it is not?

Messages of graphql-core name types and suggest fields. To callers who may not see the schema, all
mistakes against it look alike: one error, the same words, for a name that does not exist and for
one that is used wrongly, so that no message confirms a guess. Mistakes a document makes by itself
are told in full.
"""

from collections.abc import Sequence
from typing import TypeAlias

from graphql import (
    ASTValidationRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnValidOperationsRule,
    DocumentNode,
    ExecutableDefinitionsRule,
    GraphQLError,
    GraphQLSchema,
    KnownFragmentNamesRule,
    LoneAnonymousOperationRule,
    NoFragmentCyclesRule,
    NoSchemaIntrospectionCustomRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    UniqueArgumentNamesRule,
    UniqueFragmentNamesRule,
    UniqueInputFieldNamesRule,
    UniqueOperationNamesRule,
    UniqueVariableNamesRule,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

Rules: TypeAlias = Sequence[type[ASTValidationRule]]

BY_ITSELF: Rules = (
    ExecutableDefinitionsRule,
    UniqueOperationNamesRule,
    LoneAnonymousOperationRule,
    UniqueFragmentNamesRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    NoUnusedFragmentsRule,
    UniqueVariableNamesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    UniqueArgumentNamesRule,
    UniqueInputFieldNamesRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnValidOperationsRule,
)
AGAINST_SCHEMA: Rules = tuple(rule for rule in specified_rules if rule not in BY_ITSELF)
HIDDEN = "The document does not fit the schema here, which is not told: ask for the schema."


OWN = {"own": True}  # the mark of a mistake that a document makes by itself


class _Own(ASTValidationRule):
    """Marks what a rule finds."""

    def report_error(self, error: GraphQLError) -> None:
        error.extensions = OWN
        super().report_error(error)


def _marked(rules: Rules) -> Rules:
    return tuple(type(rule.__name__, (_Own, rule), {}) for rule in rules)


class Validator:
    """Finds at most `most` mistakes. `rules` are checked beside those of the specification."""

    def __init__(
        self, schema: GraphQLSchema, *, rules: Rules, most: int, introspection: bool
    ) -> None:
        closed = () if introspection else (NoSchemaIntrospectionCustomRule,)
        self._schema = schema
        self._own = _marked((*BY_ITSELF, *closed))
        self._rules = (*self._own, *AGAINST_SCHEMA, *rules)
        self._most = most
        self._introspection = introspection

    def own_mistakes(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with it whatever the schema; the time is linear in the document."""
        return self._found(document, self._own)

    def mistakes(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with it, as far as it may be told; its pairs of selections are few."""
        found = self._found(document, self._rules)
        if not found or self._introspection:
            return found
        own = [one for one in found if one.extensions is OWN]
        return own or [GraphQLError(HIDDEN, found[0].nodes)]

    def _found(self, document: DocumentNode, rules: Rules) -> list[GraphQLError]:
        hide = not self._introspection
        found = validate(self._schema, document, rules, self._most, hide_suggestions=hide)
        return [one for one in found if not isinstance(one, ValidationAbortedError)] or found
