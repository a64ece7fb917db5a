"""Which gate do operations pass, whatever brought them here?"""

from collections.abc import Iterator

import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.api.paging import DEFAULT_FIRST
from app.engine.gate import Documents, Gate, Limits, ListSizes
from app.settings import Requests

# What a list without a page size usually holds, not the most it may: a shop's articles come in some
# eight sizes and colours, and asking for all of them must not cost as if they were a hundred.
SIZES = ListSizes(
    keys=frozenset({"ids", "locations", "representations", "skus"}),
    assumed={"Product.variants": 8, "Product.images": 5, "ProductVariant.images": 5},
    page=DEFAULT_FIRST,
    unsliced=3,
)
RULES = (MaybeNullValidationRule, OneOfInputValidationRule)  # what strawberry adds to the standard


def build_gate(schema: strawberry.Schema, requests: Requests, *, introspection: bool) -> Gate:
    """The gate before a schema; every transport of a process shares it."""
    return Gate(
        schema._schema,  # noqa: SLF001  strawberry has no public name for it
        limits=limits_of(requests),
        sizes=SIZES,
        rules=RULES,
        introspection=introspection,
        documents=Documents(most_bytes=requests.document_cache),
    )


def limits_of(requests: Requests) -> Limits:
    """The limits that a deployment decided."""
    return Limits(
        tokens=requests.max_tokens,
        depth=requests.max_depth,
        aliases=requests.max_aliases,
        directives=requests.max_directives,
        root_fields=requests.max_root_fields,
        mutations=requests.max_mutations,
        operations=requests.max_operations,
        selections=requests.max_selections,
        cost=requests.max_cost,
    )


class ValidatedBefore(SchemaExtension):
    """Keeps strawberry from validating what passed the gate."""

    def on_validate(self) -> Iterator[None]:
        """Say that it was done, and that nothing was found."""
        self.execution_context.pre_execution_errors = []
        yield


def behind_gate(schema: strawberry.Schema) -> None:
    """Let the schema execute what it is given, without validating it again."""
    schema.extensions = (*schema.extensions, ValidatedBefore)
