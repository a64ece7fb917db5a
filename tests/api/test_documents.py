"""Trusted documents over HTTP: however they are named, in every mode, for both media types."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.engine.documents import hash_of
from app.errors import MisconfiguredError
from tests.gateways import Asker, Retailer, gateway_over, sandbox_gateway
from tests.redis import until

ONE = "query One($code: LocationCode!) { location(code: $code) { code } }"
TWO = "query Two { __typename }"
FILE = "query First { a: __typename } query Second { b: __typename }"
STRANGER = "{ stranger: __typename }"
MD5 = "0123456789abcdef0123456789abcdef"
MILAN = {"code": "ST-MIL"}
MEDIA = ["application/json", "application/graphql-response+json", "*/*"]


def written(folder: Path, texts: Iterable[str] = (), /, client: str = "web", **ids: str) -> Path:
    """A manifest in the folder of documents."""
    folder.mkdir(exist_ok=True)
    manifest = folder / f"{client}.json"
    new = folder / ".new"  # replaced in one step: who reloads never reads half of it
    new.write_text(json.dumps({**{hash_of(text): text for text in texts}, **ids}))
    return new.replace(manifest)


def by_apollo(sha256: str, text: str | None = None) -> dict[str, Any]:
    said = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256}}}
    return said if text is None else {**said, "query": text}


async def posted(ask: Asker, body: dict[str, Any], **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask.http.post("/graphql", json=body, headers=named)


async def got(ask: Asker, body: dict[str, Any], **headers: str) -> httpx.Response:
    params = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()
    }
    return await ask.http.get(
        "/graphql", params=params, headers={"x-tessera-preflight": "1"} | headers
    )


def refusal(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


@pytest.mark.parametrize("mode", ["off", "warn", "enforce"])
@pytest.mark.parametrize("send", [posted, got])
async def test_a_registered_document_is_executed_however_it_is_named(
    tmp_path: Path, mode: str, send: Any
) -> None:
    written(tmp_path / "documents", [ONE], **{MD5: TWO})
    documents = {"mode": mode, "folder": str(tmp_path / "documents")}
    async with gateway_over({"shop": Retailer()}, documents=documents) as ask:
        answers = [
            await send(ask, {**named, "variables": MILAN, "operationName": "One"})
            for named in (
                {"documentId": hash_of(ONE)},
                {"documentId": f"sha256:{hash_of(ONE)}"},
                {"query": ONE},
                {"query": ONE, "documentId": hash_of(ONE)},
                by_apollo(hash_of(ONE)),
            )
        ]
        older = await send(ask, {"documentId": MD5})

    assert [(one.status_code, one.json()) for one in answers] == 5 * [
        (200, {"data": {"location": {"code": "ST-MIL"}}})
    ]
    assert older.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", MEDIA)
@pytest.mark.parametrize(
    ("mode", "body", "told"),
    [
        ("enforce", {"query": STRANGER}, (403, "DOCUMENT_NOT_TRUSTED")),
        ("enforce", by_apollo("a" * 64), (403, "DOCUMENT_NOT_TRUSTED")),
        ("enforce", {"documentId": "a" * 64}, (404, "DOCUMENT_NOT_FOUND")),
        ("warn", {"documentId": "a" * 64}, (404, "DOCUMENT_NOT_FOUND")),
        ("off", {"documentId": "no such"}, (404, "DOCUMENT_NOT_FOUND")),
        ("off", by_apollo("a" * 64), (200, "PERSISTED_QUERY_NOT_FOUND")),
    ],
)
async def test_a_document_that_is_not_executed_has_the_same_status_for_every_media_type(
    tmp_path: Path, accept: str, mode: str, body: dict[str, Any], told: tuple[int, str]
) -> None:
    written(tmp_path, [ONE])
    documents = {"mode": mode, "folder": str(tmp_path)}
    async with gateway_over({"shop": Retailer()}, documents=documents) as ask:
        by_post = await posted(ask, body, accept=accept)
        by_get = await got(ask, body, accept=accept)

    assert (refusal(by_post), refusal(by_get)) == (told, told)
    assert "data" not in by_post.json()
    expected = "application/json" if accept == "*/*" else accept
    assert by_post.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/json", 400), ("application/graphql-response+json", 422)],
)
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (by_apollo(hash_of(ONE), TWO), "The given hash is not the sha256 of query."),
        ({"documentId": MD5, "query": ONE}, "documentId stands for another document than query."),
        ({"documentId": 7}, "documentId must be a string."),
        (
            {"documentId": hash_of(TWO), **by_apollo(hash_of(ONE))},
            "documentId and persistedQuery name different documents.",
        ),
        (
            {"extensions": {"persistedQuery": {"version": 2}}},
            "Unsupported persisted query version: send version 1.",
        ),
        ({"variables": {}}, "Send a document as query, or name one with documentId."),
    ],
)
async def test_a_request_that_contradicts_itself_is_no_request(
    tmp_path: Path, accept: str, status: int, body: dict[str, Any], message: str
) -> None:
    written(tmp_path, **{MD5: TWO})
    async with gateway_over({"shop": Retailer()}, documents={"folder": str(tmp_path)}) as ask:
        response = await posted(ask, body, accept=accept)

    assert (response.status_code, response.json()) == (
        status,
        {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]},
    )


async def test_a_stranger_is_executed_and_logged_once_while_warned_of(tmp_path: Path) -> None:
    written(tmp_path, [ONE])
    documents = {"mode": "warn", "folder": str(tmp_path)}
    async with gateway_over({"shop": Retailer()}, documents=documents) as ask:
        with capture_logs() as logs:
            answers = [
                await posted(ask, {"query": STRANGER}, graphql_client_name="web") for _ in range(2)
            ]

    assert [one.json() for one in answers] == 2 * [{"data": {"stranger": "Query"}}]
    told = [one for one in logs if one["event"] == "document.not_registered"]
    assert told == [
        {
            "event": "document.not_registered",
            "sha256": hash_of(STRANGER),
            "client": "web",
            "mode": "warn",
            "log_level": "warning",
        }
    ]


@pytest.mark.parametrize(
    "header", ["graphql-client-name", "x-graphql-client-name", "apollographql-client-name"]
)
async def test_a_client_has_its_own_documents_and_a_nameless_one_all(
    tmp_path: Path, header: str
) -> None:
    web = written(tmp_path / "elsewhere", [ONE])
    written(tmp_path / "documents", [TWO], client="app")
    documents = {
        "mode": "enforce",
        "files": {"web": [str(web)]},
        "folder": str(tmp_path / "documents"),
    }
    body = {"documentId": hash_of(TWO)}
    async with gateway_over({"shop": Retailer()}, documents=documents) as ask:
        answers = {
            name: (await posted(ask, body, **{header: name})).status_code
            for name in ("app", "web", "stranger", "not a name!", "a" * 65, "")
        }
        nameless = await posted(ask, body)

    assert answers == {
        "app": 200,
        "web": 404,
        "stranger": 404,
        "not a name!": 200,  # no name at all
        "a" * 65: 200,
        "": 200,
    }
    assert nameless.status_code == 200


async def test_pages_of_other_sites_may_tell_their_name() -> None:
    async with gateway_over(
        {"shop": Retailer()}, cors={"origins": ["https://shop.example.com"]}
    ) as ask:
        response = await ask.http.options(
            "/graphql",
            headers={
                "origin": "https://shop.example.com",
                "access-control-request-method": "POST",
                "access-control-request-headers": "apollographql-client-name,graphql-client-name",
            },
        )

    assert response.status_code == 200


async def test_the_operation_of_a_registered_file_is_chosen_by_name(tmp_path: Path) -> None:
    written(tmp_path, [FILE])
    documents = {"mode": "enforce", "folder": str(tmp_path)}
    async with gateway_over({"shop": Retailer()}, documents=documents) as ask:
        second = await posted(ask, {"documentId": hash_of(FILE), "operationName": "Second"})
        none = await posted(ask, {"documentId": hash_of(FILE)})

    assert second.json() == {"data": {"b": "Query"}}
    assert refusal(none) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_a_registered_document_may_be_larger_but_not_costlier_than_a_strangers(
    tmp_path: Path,
) -> None:
    large = "query Large { " + " ".join(f"a{n}: __typename" for n in range(40)) + " }"
    costly = "query Costly($n: Int) { products(first: $n) { edges { node { id } } } }"
    written(tmp_path, [large, costly])
    async with gateway_over(
        {"shop": Retailer()},
        documents={"mode": "off", "folder": str(tmp_path)},
        requests={"max_cost": 50},
    ) as ask:
        registered = await posted(ask, {"documentId": hash_of(large)})
        stranger = await posted(ask, {"query": large.replace("Large", "Larger")})
        cheap = await posted(ask, {"documentId": hash_of(costly), "variables": {"n": 5}})
        dear = await posted(ask, {"documentId": hash_of(costly), "variables": {"n": 50}})

    assert len(registered.json()["data"]) == 40
    assert refusal(stranger) == (400, "OPERATION_TOO_COMPLEX")
    assert "errors" not in cheap.json()
    assert refusal(dear) == (400, "OPERATION_TOO_COMPLEX")
    assert dear.json()["errors"][0]["extensions"]["measure"] == "cost"


async def test_the_deepest_document_that_may_be_registered_is_executed(tmp_path: Path) -> None:
    deep = (
        'query Deep { product(handle: "shirt") { '
        + "variants(first: 1) { product { " * 24
        + "id"
        + " } }" * 24
        + " } }"
    )
    deeper = deep.replace("Deep", "Deeper").replace("id", "variants(first: 1) { id }")
    manifest = written(tmp_path, [deep])
    documents = {"mode": "enforce", "folder": str(tmp_path)}
    async with gateway_over({"shop": Retailer()}, documents=documents) as ask:
        response = await posted(ask, {"documentId": hash_of(deep)})
    written(tmp_path, [deeper])
    with pytest.raises(MisconfiguredError) as refused:
        async with gateway_over({"shop": Retailer()}, documents=documents):
            pass

    assert response.status_code == 200
    assert response.text.count('"product":') == 25
    assert refused.value.problems == (
        (
            f"{manifest}: Deeper: The depth of the operation is 51, the limit is 50: "
            "ask for fewer levels, or in several operations."
        ),
    )


@pytest.mark.parametrize("introspection", [True, False])
async def test_what_is_wrong_with_the_documents_is_told_at_the_start_in_full(
    tmp_path: Path, *, introspection: bool
) -> None:
    wrong = 'query Wrong { location(code: "ST-MIL") { colour } }'
    deep = (
        "query Deep { __schema { types { "
        + "fields { type { " * 60
        + "name"
        + " } }" * 60
        + " } } }"
    )
    manifest = written(tmp_path, [wrong, deep])
    with pytest.raises(MisconfiguredError) as refused:
        async with gateway_over(
            {"shop": Retailer()},
            documents={"mode": "warn", "folder": str(tmp_path)},
            requests={"introspection": introspection},
        ):
            pass

    problems = refused.value.problems
    assert problems[0] == (
        f"{manifest}: Wrong: Cannot query field 'colour' on type 'Location'. (line 1)"
    )
    assert problems[-1] == (
        f"{manifest}: Deep: The depth of the introspection is 123, the limit is 100: "
        "ask for fewer levels of types."
    )


async def test_without_documents_or_automatic_queries_clients_are_told_to_send_texts() -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await posted(ask, by_apollo("a" * 64))

    assert refusal(response) == (200, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"


@pytest.mark.parametrize("send", [posted, got])
async def test_an_automatic_query_is_learnt_once_it_has_proven_valid(send: Any) -> None:
    invalid = "{ nope }"
    async with gateway_over({"shop": Retailer()}, documents={"automatic": True}) as ask:
        before = await send(ask, by_apollo(hash_of(STRANGER)))
        taught = await send(ask, by_apollo(hash_of(STRANGER), STRANGER))
        after = await send(ask, by_apollo(hash_of(STRANGER)))
        by_id = await send(ask, {"documentId": hash_of(STRANGER)})
        await send(ask, by_apollo(hash_of(invalid), invalid))
        never = await send(ask, by_apollo(hash_of(invalid)))

    assert refusal(before) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert before.headers["cache-control"] == "no-store"
    assert [one.json() for one in (taught, after, by_id)] == 3 * [{"data": {"stranger": "Query"}}]
    assert refusal(never) == (200, "PERSISTED_QUERY_NOT_FOUND")


async def test_while_serving_new_documents_take_effect_and_unsound_ones_do_not(
    tmp_path: Path,
) -> None:
    written(tmp_path, [ONE])
    documents = {"mode": "enforce", "folder": str(tmp_path), "reload_every": "PT0.01S"}
    async with sandbox_gateway(documents=documents) as sandbox:

        async def status(text: str) -> int:
            return (await posted(sandbox.ask, {"query": text, "variables": MILAN})).status_code

        async def serves_two() -> bool:
            return await status(TWO) == 200

        before = await status(ONE), await status(TWO)
        written(tmp_path, [TWO])
        await until(serves_two)
        after = await status(ONE)
        with capture_logs() as logs:
            written(tmp_path, ["{ nope }"])

            async def told() -> bool:
                return any(one["event"] == "documents.not_reloaded" for one in logs)

            await until(told)
        unsound = await status(TWO)

    assert (before, after, unsound) == ((200, 403), 403, 200)
    [line] = [one for one in logs if one["event"] == "documents.not_reloaded"]
    assert "Cannot query field 'nope' on type 'Query'." in line["problems"][0]


async def test_registered_documents_are_compiled_before_they_are_asked(tmp_path: Path) -> None:
    written(tmp_path, [ONE, FILE])
    async with gateway_over(
        {"shop": Retailer()},
        documents={"mode": "off", "folder": str(tmp_path)},
        execution={"compiled": True, "at_first_sight": False},
        server={"metrics": True},
        cache={"answers": False},
    ) as ask:
        await posted(ask, {"documentId": hash_of(ONE), "variables": MILAN})
        await posted(ask, {"query": ONE, "variables": MILAN, "operationName": "One"})
        await posted(ask, {"documentId": hash_of(FILE), "operationName": "First"})
        registered = executions((await ask.http.get("/metrics")).text)
        await posted(ask, {"query": STRANGER})
        stranger = executions((await ask.http.get("/metrics")).text)

    assert registered == {"compiled": 3.0}
    assert stranger == {"compiled": 3.0, "first sight": 1.0}


def executions(metrics: str) -> dict[str, float]:
    return {
        line.split('"')[1]: float(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        if line.startswith("tessera_executions_total")
    }


async def test_metrics_and_the_log_tell_how_documents_were_found(tmp_path: Path) -> None:
    written(tmp_path, [ONE])
    async with gateway_over(
        {"shop": Retailer()},
        documents={"mode": "warn", "folder": str(tmp_path), "automatic": True},
        server={"metrics": True},
    ) as ask:
        with capture_logs() as logs:
            await posted(ask, {"documentId": hash_of(ONE), "variables": MILAN})
            await posted(ask, by_apollo(hash_of(STRANGER), STRANGER))
            await posted(ask, by_apollo(hash_of(STRANGER)))
            await posted(ask, {"documentId": MD5})
        metrics = (await ask.http.get("/metrics")).text.splitlines()

    assert [one["document"] for one in logs if one["event"] == "operation"] == [
        "registered",
        "text",
        "automatic",
    ]
    assert [
        (one["stage"], one["codes"]) for one in logs if one["event"] == "operation.refused"
    ] == [("document", ["DOCUMENT_NOT_FOUND"])]
    assert {
        'tessera_documents_total{how="registered"} 1.0',
        'tessera_documents_total{how="text"} 1.0',
        'tessera_documents_total{how="automatic"} 1.0',
        'tessera_refusals_total{code="DOCUMENT_NOT_FOUND"} 1.0',
    } <= set(metrics)
