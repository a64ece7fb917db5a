"""Manifests as real tools wrote them, each for the same query and mutation.

relay-compiler 21.0.1 (md5 and sha256), @apollo/generate-persisted-query-manifest 1.4.0,
@graphql-codegen/client-preset 6.2.0 with `persistedDocuments`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.engine.documents import (
    Mode,
    TrustedDocuments,
    asked_document,
    build_register,
    read_manifest,
)
from tests.engine_documents.builders import GATE

MADE_BY = Path(__file__).parent / "made_by"


def by_document_id(id_: str) -> dict[str, Any]:
    return {"documentId": id_}


def by_apollo(id_: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": id_}}}


def ids_in(manifest: Mapping[str, Any]) -> list[str]:
    operations = manifest.get("operations")
    return list(manifest) if operations is None else [one["id"] for one in operations]


@pytest.mark.parametrize(
    ("tool", "request_of"),
    [
        ("relay", by_document_id),
        ("relay-sha256", by_document_id),
        ("apollo", by_apollo),
        ("code-generator", by_document_id),
    ],
)
async def test_what_a_tool_wrote_is_registered_and_found_as_its_client_asks(
    tool: str, request_of: Callable[[str], dict[str, Any]]
) -> None:
    path = MADE_BY / f"{tool}.json"
    register = build_register({"web": read_manifest(path)}, GATE)
    trusted = TrustedDocuments(register, mode=Mode.ENFORCE)
    ids = ids_in(json.loads(path.read_text()))

    found = [await trusted.find(asked_document(request_of(id_)), client="web") for id_ in ids]

    kinds = sorted("mutation" if "mutation" in one.text else "query" for one in found)
    assert kinds == ["mutation", "query"]
    assert all(one.prepared is not None for one in found)
