"""What systems send is believed when it is signed, kept before it is answered, and heard once."""

import base64
import hmac
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook as Signer

from app.errors import MisconfiguredError
from app.markets.assembling import Markets
from app.ports import Hint, WebhookRefused, WebhookRequest
from app.settings import Hearing, parse
from app.store import Store
from app.upkeep import handing_on
from app.webhooks.hearing import LEASE, WebhookHearing
from tests.gateways import Retailer, Sandbox, running_over, sandbox_gateway
from tests.orders.dying import Died
from tests.streams.served import until
from tests.webhooks.receiving import NEXT, SECRET, Clock

ENVIRON = {"HOOK": SECRET, "HOOK_NEXT": NEXT, "SQUARE": "a-key-of-square"}
TERMS: dict[str, dict[str, Any]] = {
    "shop": {"secrets": [{"env": "HOOK"}, {"env": "HOOK_NEXT"}]},
    "tills": {
        "scheme": "SQUARE",
        "secrets": [{"env": "SQUARE"}],
        "url": "https://example.com/webhooks/tills",
    },
}
BODY = b'{"type":"stock.changed","event_id":"e-1"}'


def hearing(store: Store, clock: Clock) -> WebhookHearing:
    terms = {name: Hearing.model_validate(one) for name, one in TERMS.items()}
    return WebhookHearing.of(store, terms, ENVIRON, clock)


def signed(id_: str, at: datetime, secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Signer(secret).sign(id_, at, body.decode()),
    }


def by_square(url: str = "https://example.com/webhooks/tills") -> dict[str, str]:
    told = hmac.digest(b"a-key-of-square", url.encode() + BODY, sha256)
    return {"x-square-hmacsha256-signature": base64.b64encode(told).decode()}


class Hand:
    """Where messages go to. It fails as often as it is told to."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.taken: list[tuple[str, bytes]] = []

    async def __call__(self, connection: str, body: bytes) -> None:
        self.taken.append((connection, body))
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize("secret", [SECRET, NEXT])
async def test_what_is_signed_is_handed_on_once(store: Store, secret: str) -> None:
    clock, hand = Clock(), Hand()
    ear = hearing(store, clock)
    for _ in range(2):  # it comes again
        await ear.hear("shop", WebhookRequest(BODY, signed("m-1", clock(), secret)))
        await ear.round(hand)
    await ear.hear("shop", WebhookRequest(BODY, signed("m-2", clock(), secret)))
    await ear.round(hand)

    assert hand.taken == [("shop", BODY), ("shop", BODY)]


LATE, EARLY = timedelta(minutes=-5, seconds=-2), timedelta(minutes=5, seconds=2)


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ({"webhook-signature": ""}, timedelta()),
        ({"webhook-signature": "v1"}, timedelta()),
        ({"webhook-signature": "v1,é"}, timedelta()),
        ({"webhook-signature": "v1," + "A" * 44}, timedelta()),
        ({"webhook-id": "other"}, timedelta()),
        ({"webhook-id": ""}, timedelta()),
        ({"webhook-id": "x" * 129}, timedelta()),
        ({"webhook-timestamp": "nan"}, timedelta()),
        ({"webhook-timestamp": "99999999999"}, timedelta()),
        ({}, LATE),
        ({}, EARLY),
    ],
)
async def test_what_is_not_rightly_signed_is_not_kept(
    store: Store, change: dict[str, str], by: timedelta
) -> None:
    clock, hand = Clock(), Hand()
    ear = hearing(store, clock)
    headers = {**signed("m-1", clock() + by), **change}
    with pytest.raises(WebhookRefused):
        await ear.hear("shop", WebhookRequest(BODY, headers))

    assert await ear.round(hand) == 0


async def test_a_body_that_is_no_text_is_refused(store: Store) -> None:
    clock = Clock()
    request = WebhookRequest(b"\xff", signed("m-1", clock()))
    with pytest.raises(WebhookRefused):
        await hearing(store, clock).hear("shop", request)


async def test_square_signs_the_address_and_the_body(store: Store) -> None:
    clock, hand = Clock(), Hand()
    ear = hearing(store, clock)
    for _ in range(2):
        await ear.hear("tills", WebhookRequest(BODY, by_square()))
    await ear.round(hand)
    assert hand.taken == [("tills", BODY)]
    for headers in (by_square("https://example.com/webhooks/other"), {}):
        with pytest.raises(WebhookRefused):
            await ear.hear("tills", WebhookRequest(BODY, headers))


async def test_what_cannot_be_handed_on_now_is_later(store: Store) -> None:
    clock, hand = Clock(), Hand(RuntimeError("not now"))
    ear = hearing(store, clock)
    await ear.hear("shop", WebhookRequest(BODY, signed("m-1", clock())))
    await ear.round(hand)
    assert await ear.round(hand) == 0
    clock.passes(timedelta(seconds=1))
    await ear.round(hand)
    clock.passes(timedelta(hours=1))
    assert await ear.round(hand) == 0

    assert len(hand.taken) == 2


async def test_what_a_dead_process_had_taken_another_hands_on(store: Store) -> None:
    clock, hand = Clock(), Hand(Died())
    ear = hearing(store, clock)
    await ear.hear("shop", WebhookRequest(BODY, signed("m-1", clock())))
    with suppress(Died):
        await ear.round(hand)
    other = hearing(store, clock)
    assert await other.round(hand) == 0  # the lease of the dead one
    clock.passes(LEASE)
    await other.round(hand)

    assert hand.taken == [("shop", BODY), ("shop", BODY)]


async def test_ids_are_forgotten_when_their_time_has_passed_anyway(store: Store) -> None:
    clock, hand = Clock(), Hand()
    ear = hearing(store, clock)
    await ear.hear("shop", WebhookRequest(BODY, headers := signed("m-1", clock())))
    await ear.round(hand)
    clock.passes(timedelta(days=3))
    await ear.round(hand)
    with pytest.raises(WebhookRefused):  # too long ago
        await ear.hear("shop", WebhookRequest(BODY, headers))
    await ear.hear("shop", WebhookRequest(BODY, signed("m-1", clock())))
    await ear.round(hand)

    assert len(hand.taken) == 2


async def posted(there: Sandbox, connection: str, body: bytes, **headers: str) -> tuple[int, str]:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await there.ask.http.post(f"/webhooks/{connection}", content=body, headers=told)
    return answer.status_code, answer.text


async def test_stock_is_read_anew_after_its_system_said_that_it_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    long = {"stock": {"fresh_for": "PT1H", "revalidate_for": "PT1H"}}
    heard = {"warehouse": {"secrets": [{"env": "HOOK"}]}}
    clock = Clock()
    async with sandbox_gateway(hearing=heard, freshness=long, now=clock) as there:
        sku = (
            await there.ask.data("{ products(first: 1) { edges { node { variants { sku } } } } }")
        )["products"]["edges"][0]["node"]["variants"][0]["sku"]
        query = f'{{ variants(skus: ["{sku}"]) {{ sku availableToSell {{ availableToSell }} }} }}'
        await there.ask.data(query)
        clock.passes(timedelta(seconds=30))
        there.forget_calls()
        await there.ask.data(query)
        assert not {"warehouse", "tills"} & set(there.calls)  # it is kept
        headers = {one.replace("-", "_"): two for one, two in signed("m-1", clock()).items()}
        changes = there.gateway.caches.changes
        assert await posted(there, "warehouse", BODY, **headers) == (202, "")
        await until(lambda: changes.since(("Stock:warehouse",)) is not None)
        clock.passes(timedelta(seconds=1))
        await there.ask.data(query)

        assert {"warehouse", "tills"} & set(there.calls) == {"warehouse"}


async def test_nobody_learns_who_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    heard = {"warehouse": {"secrets": [{"env": "HOOK"}]}}
    async with sandbox_gateway(hearing=heard) as there:
        for name in ("warehouse", "shop", "nobody"):
            assert await posted(there, name, BODY) == (404, "not found")
            assert await posted(there, name, b"x" * 262_145) == (413, "too large")
        assert (await there.ask.http.get("/webhooks/warehouse")).status_code == 405


@pytest.mark.parametrize(
    ("hints", "tags", "looked"),
    [
        (
            None,
            {"Product", "ProductVariant", "Price", "Availability", "AggregateAvailability"},
            ["shop"],
        ),
        ([Hint.STOCK], {"Availability", "AggregateAvailability"}, []),
        ([Hint.ORDERS], set(), ["shop"]),
        ([], set(), []),
    ],
)
async def test_a_connection_may_know_what_its_messages_mean(
    hints: Collection[Hint] | None, tags: set[str], looked: list[str]
) -> None:
    class Reading(Retailer):
        def hints(self, _body: bytes) -> Collection[Hint]:
            return hints or ()

    shop = Retailer() if hints is None else Reading()
    gateway = await running_over({"shop": shop})
    told: list[frozenset[str]] = []
    heard: list[str] = []

    async def tell(some: frozenset[str]) -> None:
        told.append(some)

    class Follower:
        async def hear(self, connection: str) -> None:
            heard.append(connection)

    connections, store = gateway.services.connections, gateway.store
    markets = Markets(store=store, now=gateway.now, connections=connections)
    follower: Any = Follower()
    hand = handing_on(gateway.settings.bind, connections, tell, markets, follower)
    await hand("shop", orjson.dumps({}))

    assert set().union(*told) == (tags | {"Stock:shop"} if tags else set())
    assert heard == looked


def hooked(**changes: Any) -> dict[str, Any]:
    told = {"url": "https://x.example", "secrets": [{"env": "HOOK"}], "tells": "ORDERS"}
    return {"webhooks": {"a": {**told, **changes}}, "partners": {"acme": {}}}


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"hearing": {"shpo": TERMS["shop"]}}, "did you mean 'shop'"),
        ({"hearing": {"shop": {**TERMS["tills"], "url": ""}}}, "url is missing"),
        (hooked(tells="ASSORTMENT"), "name the partner"),
        (hooked(tells="ASSORTMENT", partner="acne"), "did you mean 'acme'"),
        (hooked(url="http://x.example"), "must be https"),
        (hooked(url="https://u:p@x.example"), "a secret does not belong in url"),
        (hooked(url="ftp://x.example"), "must look like"),
        (hooked(secrets=[]), "at least 1 item"),
    ],
)
def test_mistakes_in_the_settings_are_told(section: dict[str, Any], problem: str) -> None:
    document = {
        "connections": {"shop": {"connector": "made-up"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
    }
    with pytest.raises(MisconfiguredError) as told:
        parse({**document, **section})
    (line,) = told.value.problems
    assert problem in line


@pytest.mark.parametrize("secret", ["hunter2", "whsec_aGk=", "whsec_" + "A" * 200])
def test_a_secret_that_is_none_stops_the_start(secret: str) -> None:
    terms = {"shop": Hearing.model_validate(TERMS["shop"])}
    with pytest.raises(MisconfiguredError) as told:
        WebhookHearing.of(None, terms, {**ENVIRON, "HOOK": secret}, Clock())  # type: ignore[arg-type]
    assert secret not in str(told.value.problems)


async def test_one_whose_lease_is_over_does_not_have_it_handed_on_again(store: Store) -> None:
    clock, hand = Clock(), Hand()
    ear, other = hearing(store, clock), hearing(store, clock)
    await ear.hear("shop", WebhookRequest(BODY, signed("m-1", clock())))

    async def late(_connection: str, _body: bytes) -> None:
        clock.passes(LEASE)
        await other.round(hand)  # another does it meanwhile
        raise RuntimeError("too late")

    await ear.round(late)
    clock.passes(timedelta(hours=1))
    await other.round(hand)

    assert hand.taken == [("shop", BODY)]
