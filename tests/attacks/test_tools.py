"""What strangers' tools make of a served gateway."""

import asyncio
import json
import os
from collections.abc import Collection
from pathlib import Path

import httpx
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from structlog.testing import capture_logs

from app.api.schema import build_schema, core
from app.engine.documents import hash_of
from app.store.opening import upgrade
from app.store.sqlite import SqliteStore
from tests.attacks.served import served_gateway
from tests.node import NodeError, run
from tests.tools import installed_tool

TOOLS = Path(__file__).parent / "tools"
EXAMPLES = 10  # of each root field
LONGEST = 300  # seconds, on the busiest machine
TELLING = ("Query", "upstreams", "Upstream", "name", "state", "ports", "kind")


def words() -> list[str]:
    """Every name that a client of our schema may write."""
    found: set[str] = set()
    for name, kind in core(build_schema(tell=False)).type_map.items():
        if name.startswith("__"):
            continue
        found.add(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            found.update(kind.fields, *(field.args for field in kind.fields.values()))
        elif isinstance(kind, GraphQLInputObjectType):
            found.update(kind.fields)
    return sorted(found)


def recovered(url: str, wordlist: Collection[str], folder: Path) -> list[str]:
    """The object types with fields that clairvoyance makes out, given the names beforehand."""
    command = str(installed_tool(TOOLS / "clairvoyance.lock") / "clairvoyance")
    (folder / "words.txt").write_text("\n".join(wordlist))
    options = ["-o", "found.json", "-w", "words.txt", "-m", "1", f"{url}/graphql"]
    try:
        run([command, *options], folder, os.environ, LONGEST)
    except NodeError as gave_up:
        assert "EndpointError" in str(gave_up)  # noqa: PT017  its way to say that it learns nothing
        return []
    types = json.loads((folder / "found.json").read_text())["data"]["__schema"]["types"]
    return [one["name"] for one in types if one.get("fields")]


def test_a_wordlist_of_all_our_names_tells_a_stranger_no_type(tmp_path: Path) -> None:
    with served_gateway() as served:
        assert recovered(served.url, words(), tmp_path) == []


def test_nor_does_it_where_only_registered_documents_are_answered(tmp_path: Path) -> None:
    registered = tmp_path / "documents"
    registered.mkdir()
    text = "{ __typename }"
    (registered / "web.json").write_text(json.dumps({hash_of(text): text}))
    documents = {"mode": "enforce", "folder": str(registered)}
    with served_gateway(documents=documents) as served:
        assert recovered(served.url, words(), tmp_path) == []
        answer = httpx.post(f"{served.url}/graphql", json={"query": "{ upstreams { name } }"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


def test_it_would_tell_them_where_messages_name_names(tmp_path: Path) -> None:
    with served_gateway(requests={"introspection": True}) as served:
        assert {"Query", "Upstream"} <= set(recovered(served.url, TELLING, tmp_path))


def test_valid_operations_at_random_find_no_bug(tmp_path: Path) -> None:
    command = str(installed_tool(TOOLS / "schemathesis.lock") / "st")
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "scalars", "PYTHONPATH": str(TOOLS)}
    options = (
        *("--checks", "not_a_server_error", "--request-timeout", "60", "--seed", "7"),
        *("-n", str(EXAMPLES), "--generation-database", "none", "--no-color"),
    )
    address = f"sqlite:///{tmp_path}/store.db"
    asyncio.run(upgrade(address))
    store, introspection = SqliteStore(address), {"introspection": True}
    with (
        capture_logs() as logs,
        served_gateway(requests=introspection, kept_in=store) as served,
    ):
        arguments = [command, "run", f"{served.url}/graphql", *options]
        said = run(arguments, tmp_path, environment, LONGEST)

    asyncio.run(store.close())
    ours = core(build_schema(subgraph=False))
    every = sum(len(root.fields) for root in (ours.query_type, ours.mutation_type) if root)
    assert f"Operations:       {every} selected / {every} total" in said
    assert [one for one in logs if one["log_level"] in {"error", "critical"}] == []
    assert sum(one["event"] == "operation" for one in logs) > every
