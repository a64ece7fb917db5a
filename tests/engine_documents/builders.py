"""A small schema, its documents, and manifests of them."""

import json
from pathlib import Path
from typing import Any

from graphql import build_schema

from app.engine.documents import Entry, Register, build_register, hash_of
from app.engine.gate import ANYTHING, Documents, Gate, Limits, ListSizes, Validator

SCHEMA = build_schema("""
type Query { product(handle: String): Product }
type Product { name: String price: Float }
type Mutation { rename(name: String!): Product }
""")
GATE = Gate(
    SCHEMA,
    limits=Limits(),
    sizes=ListSizes(),
    access=ANYTHING,
    validator=Validator(SCHEMA, rules=(), most=Limits().errors, introspection=True),
    documents=Documents(most_bytes=0),
)
NAME = "query Name { product { name } }"
PRICE = "query Price { product { price } }"
RENAME = 'mutation Rename { rename(name: "Tee") { name } }'
STRANGER = "query Stranger { product { name price } }"
INVALID = "query Wrong { product { colour } }"
MD5 = "0123456789abcdef0123456789abcdef"


def plain(*texts: str) -> dict[str, str]:
    return {hash_of(text): text for text in texts}


def apollo(*operations: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": list(operations),
        **changes,
    }


def operation(text: str, name: str, kind: str = "query") -> dict[str, str]:
    return {"id": hash_of(text), "body": text, "name": name, "type": kind}


def written(path: Path, manifest: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return path


def entry(text: str, id_: str | None = None) -> Entry:
    return Entry(id=id_ or hash_of(text), text=text, source=Path("web.json"))


def register(**clients: list[Entry]) -> Register:
    return build_register(clients, GATE)
