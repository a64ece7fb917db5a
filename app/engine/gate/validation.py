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


class Validator:
    """Finds at most `most` mistakes. `rules` are checked beside those of the specification."""

    def __init__(
        self, schema: GraphQLSchema, *, rules: Rules, most: int, introspection: bool
    ) -> None:
        self._schema = schema
        self._rules = (*AGAINST_SCHEMA, *rules)
        self._most = most
        self._introspection = introspection

    def own_mistakes(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with the document, whatever the schema."""
        if self._introspection:
            return self._found(document, BY_ITSELF)
        return self._found(document, (*BY_ITSELF, NoSchemaIntrospectionCustomRule))

    def mistakes(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with it against the schema."""
        if self._introspection:
            return self._found(document, self._rules)
        found = validate(self._schema, document, self._rules, max_errors=1, hide_suggestions=True)
        return [GraphQLError(HIDDEN, found[0].nodes)] if found else []

    def _found(self, document: DocumentNode, rules: Rules) -> list[GraphQLError]:
        hide = not self._introspection
        found = validate(self._schema, document, rules, self._most, hide_suggestions=hide)
        told = [one for one in found if not isinstance(one, ValidationAbortedError)]
        return told or found
