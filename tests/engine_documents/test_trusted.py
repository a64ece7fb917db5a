"""What becomes of a request's document, by mode, by client and by the way it is named."""

import pytest
from structlog.testing import capture_logs

from app.engine.documents import (
    AskedDocument,
    DocumentNotFound,
    DocumentNotTrusted,
    DocumentRefused,
    FoundDocument,
    How,
    MalformedDocumentRequest,
    MemoryDocuments,
    Mode,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
    Register,
    TrustedDocuments,
    asked_document,
    hash_of,
)
from app.engine.documents.automatic import OVERHEAD
from app.errors import MisconfiguredError
from tests.engine_documents.builders import MD5, NAME, PRICE, STRANGER, entry, register

REGISTER = register(web=[entry(NAME)], app=[entry(PRICE, MD5)])
ABSENT = "a" * 64


def documents(mode: Mode, known: Register = REGISTER) -> TrustedDocuments:
    return TrustedDocuments(known, mode=mode)


def by_apollo(hash_: str, text: str | None = None) -> AskedDocument:
    return asked_document(
        {"query": text, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_}}}
    )


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    "body",
    [
        {"documentId": hash_of(NAME)},
        {"documentId": f"sha256:{hash_of(NAME)}"},
        {"documentId": hash_of(NAME), "query": NAME},
        {"query": NAME},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(NAME)}}},
    ],
)
async def test_a_registered_document_is_found_in_every_mode_however_it_is_named(
    mode: Mode, body: dict[str, object]
) -> None:
    known = REGISTER.by_id[hash_of(NAME)]

    found = await documents(mode).find(asked_document(body), client="web")

    assert found == FoundDocument(
        sha256=known.sha256, text=NAME, how=How.REGISTERED, prepared=known.prepared
    )


async def test_an_older_id_finds_its_document_and_so_do_its_hash_and_its_text() -> None:
    trusted = documents(Mode.ENFORCE)

    found = [
        (await trusted.find(asked_document(body))).sha256
        for body in ({"documentId": MD5}, {"documentId": hash_of(PRICE)}, {"query": PRICE})
    ]

    assert found == [hash_of(PRICE)] * 3


async def test_enforced_trust_refuses_a_text_that_is_not_registered() -> None:
    with capture_logs() as logs, pytest.raises(DocumentNotTrusted) as refused:
        await documents(Mode.ENFORCE).find(asked_document({"query": STRANGER}))

    assert (refused.value.code, refused.value.status) == ("DOCUMENT_NOT_TRUSTED", 403)
    assert str(refused.value) == (
        "Only registered documents are executed here, and the one with sha256 "
        f"{hash_of(STRANGER)} is none. Register it with `tessera documents add`."
    )
    assert [(entry["event"], entry["sha256"]) for entry in logs] == [
        ("document.not_registered", hash_of(STRANGER))
    ]


async def test_a_caller_with_the_right_may_send_any_text() -> None:
    with capture_logs() as logs:
        found = await documents(Mode.ENFORCE).find(
            asked_document({"query": STRANGER}), any_text=True
        )

    assert (found, logs) == (FoundDocument(sha256=hash_of(STRANGER), text=STRANGER), [])
    assert found.prepared is None


async def test_a_warning_is_logged_once_a_document_and_the_document_found() -> None:
    trusted = documents(Mode.WARN)

    with capture_logs() as logs:
        found = [await trusted.find(asked_document({"query": STRANGER})) for _ in range(3)]

    assert {one.text for one in found} == {STRANGER}
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("document.not_registered", "warning")
    ]


async def test_with_trust_off_nothing_is_said() -> None:
    with capture_logs() as logs:
        found = await documents(Mode.OFF).find(asked_document({"query": STRANGER}))

    assert (found.text, logs) == (STRANGER, [])


async def test_a_client_uses_its_own_documents_and_a_nameless_one_all() -> None:
    trusted = documents(Mode.ENFORCE)

    assert (
        await trusted.find(asked_document({"documentId": MD5}), client="app")
    ).prepared is not None
    assert (await trusted.find(asked_document({"documentId": MD5}))).prepared is not None
    for client in ("web", "stranger"):
        with pytest.raises(DocumentNotFound):
            await trusted.find(asked_document({"documentId": MD5}), client=client)
        with pytest.raises(DocumentNotTrusted):
            await trusted.find(asked_document({"query": PRICE}), client=client)


async def test_an_unknown_id_is_told_with_what_to_do() -> None:
    with pytest.raises(DocumentNotFound) as refused:
        await documents(Mode.OFF).find(asked_document({"documentId": ABSENT}))

    assert (refused.value.code, refused.value.status) == ("DOCUMENT_NOT_FOUND", 404)
    assert "tessera documents add" in str(refused.value)


@pytest.mark.parametrize(
    ("mode", "known", "expected"),
    [
        (Mode.OFF, Register({}, {}), PersistedQueryNotSupported),
        (Mode.OFF, REGISTER, PersistedQueryNotFound),
        (Mode.ENFORCE, REGISTER, DocumentNotTrusted),
    ],
)
async def test_an_apollo_client_is_told_what_it_can_act_upon(
    mode: Mode, known: Register, expected: type[DocumentRefused]
) -> None:
    with pytest.raises(expected):
        await documents(mode, known).find(by_apollo(ABSENT))


async def test_automatic_queries_are_not_found_then_learnt_then_found() -> None:
    trusted = TrustedDocuments(REGISTER, mode=Mode.OFF, automatic=MemoryDocuments())
    digest = hash_of(STRANGER)

    with pytest.raises(PersistedQueryNotFound) as first:
        await trusted.find(by_apollo(digest))
    sent = await trusted.find(by_apollo(digest, STRANGER))
    with pytest.raises(PersistedQueryNotFound):
        await trusted.find(by_apollo(digest))  # not before it has proven valid
    await trusted.learn(sent)
    found = await trusted.find(by_apollo(digest))

    assert (str(first.value), first.value.code, first.value.status) == (
        "PersistedQueryNotFound",
        "PERSISTED_QUERY_NOT_FOUND",
        200,
    )
    assert sent == FoundDocument(sha256=digest, text=STRANGER, learn=True)
    assert found == FoundDocument(sha256=digest, text=STRANGER, how=How.AUTOMATIC)


async def test_nothing_is_learnt_from_a_text_without_its_hash_or_with_the_option_off() -> None:
    store = MemoryDocuments()
    trusted = TrustedDocuments(REGISTER, mode=Mode.OFF, automatic=store)

    await trusted.learn(await trusted.find(asked_document({"query": STRANGER})))
    off = await documents(Mode.OFF).find(by_apollo(hash_of(STRANGER), STRANGER))

    assert await store.get(hash_of(STRANGER)) is None
    assert not off.learn


def test_automatic_queries_and_enforced_trust_exclude_each_other() -> None:
    with pytest.raises(MisconfiguredError, match="automatic persisted queries"):
        TrustedDocuments(REGISTER, mode=Mode.ENFORCE, automatic=MemoryDocuments())


async def test_the_memory_of_automatic_queries_is_bounded_by_bytes() -> None:
    store = MemoryDocuments(most=2 * (OVERHEAD + 10))
    for name in "abc":
        await store.put(name, name * 10)
    await store.put("long", "x" * 1_000)

    kept = [name for name in ("a", "b", "c", "long") if await store.get(name) is not None]
    assert kept == ["b", "c"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Send a document as query, or name one with documentId."),
        ({"query": "  "}, "Send a document as query, or name one with documentId."),
        ({"query": 7}, "query must be a GraphQL document, as a string."),
        ({"documentId": 7}, "documentId must be a string."),
        ({"documentId": ""}, "documentId must have 1 to 200 characters."),
        ({"documentId": "a" * 201}, "documentId must have 1 to 200 characters."),
        (
            {"documentId": ABSENT, "query": NAME},
            "The given hash is not the sha256 of query.",
        ),
        (
            {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": ABSENT}}},
            "Unsupported persisted query version: send version 1.",
        ),
        (
            {"extensions": {"persistedQuery": "yes"}},
            "Unsupported persisted query version: send version 1.",
        ),
        (
            {"extensions": {"persistedQuery": {"version": 1}}},
            "persistedQuery.sha256Hash must be a hash, as a string.",
        ),
        (
            {
                "query": NAME,
                "extensions": {"persistedQuery": {"version": 1, "sha256Hash": ABSENT}},
            },
            "The given hash is not the sha256 of query.",
        ),
        (
            {
                "documentId": MD5,
                "extensions": {"persistedQuery": {"version": 1, "sha256Hash": ABSENT}},
            },
            "documentId and persistedQuery name different documents.",
        ),
    ],
)
def test_a_request_that_names_no_one_document_is_told_why(
    body: dict[str, object], message: str
) -> None:
    with pytest.raises(MalformedDocumentRequest) as refused:
        asked_document(body)

    assert (str(refused.value), refused.value.code, refused.value.status) == (
        message,
        "BAD_REQUEST",
        400,
    )


async def test_an_older_id_beside_another_text_is_refused() -> None:
    with pytest.raises(MalformedDocumentRequest, match="stands for another document"):
        await documents(Mode.OFF).find(asked_document({"documentId": MD5, "query": NAME}))
