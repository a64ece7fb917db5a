"""Which tokens are taken? None that was forged, is for somebody else, or is too old."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import UpstreamUnavailable
from app.principals.keysets import KeyRing
from app.principals.model import GUEST, Principal
from app.principals.refusals import CredentialRefused, KeysUnavailable
from app.principals.service import Principals
from app.principals.tokens import Tokens, Trusted
from app.settings import Issuer
from app.values import LocationCode, PrincipalKind
from tests.principals.issuing import (
    AUDIENCE,
    EDWARDS,
    ELLIPTIC,
    ISSUER,
    NOW,
    RSA,
    STRANGER,
    Provider,
    bare,
    claims,
    edwards,
    key_set,
    rsa,
    signed_with,
    token,
)

AT = int(NOW.timestamp())
SMALL = rsa("small", 1024)


@dataclass
class Desk:
    """A verifier over a provider, on a clock that is moved."""

    provider: Provider = field(default_factory=Provider)
    at: datetime = NOW
    within: timedelta = timedelta(seconds=60)

    def __post_init__(self) -> None:
        self.issuer = Issuer.model_validate(
            {
                "kind": "STAFF",
                "issuer": ISSUER,
                "audience": AUDIENCE,
                "jwks": "https://id.example.com/keys",
                "roles": "realm_access.roles",
                "location": "store",
            }
        )
        ring = KeyRing(self.provider.fetch, self.now, "staff", within=self.within)
        self.principals = Principals(
            Tokens({ISSUER: Trusted(self.issuer, ring)}, self.now), self.now
        )

    def now(self) -> datetime:
        return self.at

    async def of(self, given: str) -> Principal:
        return await self.principals.of(f"Bearer {given}")


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (ELLIPTIC, "ES256"), (EDWARDS, "EdDSA")])
async def test_a_good_token_says_who_it_is(key: Any, alg: str) -> None:
    told = claims(realm_access={"roles": ["cashier", "manager", 3]}, store="ST-MIL")
    assert await Desk().of(token(key, alg, told)) == Principal(
        kind=PrincipalKind.STAFF,
        issuer=ISSUER,
        subject="shopper-1",
        roles=frozenset({"cashier", "manager"}),
        location=LocationCode("ST-MIL"),
        expires_at=datetime.fromtimestamp(AT + 660, UTC),
    )


FORGED = {
    "unsigned": bare({"alg": "none", "typ": "at+jwt", "kid": "r1"}, claims()),
    "unsigned, spelt otherwise": bare({"alg": "nOnE", "typ": "at+jwt", "kid": "r1"}, claims()),
    "signed with the public key": signed_with(
        RSA.as_pem(private=False), {"alg": "HS256", "typ": "at+jwt", "kid": "r1"}, claims()
    ),
    "another's key by a known name": token(STRANGER, "RS256"),
    "another algorithm than is taken": token(RSA, "RS512"),
    "a padding that is not taken": token(RSA, "PS256"),
    "an algorithm that is not the key's": bare(
        {"alg": "ES256", "typ": "at+jwt", "kid": "r1"}, claims(), b"\0" * 64
    ),
    "signed by the key it brings along": token(
        STRANGER, "RS256", jwk=STRANGER.as_dict(private=False)
    ),
    "signed by the key it points to": token(STRANGER, "RS256", jku="https://evil.example/keys"),
    "signed by the certificate it points to": token(
        STRANGER, "RS256", x5u="https://evil.example/cert"
    ),
    "a key that nobody has": token(RSA, "RS256", kid="r2"),
    "a key name that is a path": token(RSA, "RS256", kid="../../dev/null"),
    "no key named, and several there": token(RSA, "RS256", kid=None),
    "a key name that is no text": bare({"alg": "RS256", "typ": "at+jwt", "kid": [1]}, claims()),
    "an identity token": token(RSA, "RS256", typ="JWT"),
    "no type": token(RSA, "RS256", typ=None),
    "for another audience": token(RSA, "RS256", claims(aud="payments")),
    "for no audience": token(RSA, "RS256", claims(aud=None)),
    "of another issuer": token(RSA, "RS256", claims(iss="https://evil.example")),
    "of no issuer": token(RSA, "RS256", claims(iss=None)),
    "of an issuer that is no text": token(RSA, "RS256", claims(iss=[ISSUER])),
    "expired": token(RSA, "RS256", claims(exp=AT - 61)),
    "without an end": token(RSA, "RS256", claims(exp=None)),
    "with an end that is no time": token(RSA, "RS256", claims(exp="tomorrow")),
    "with an end beyond all time": token(RSA, "RS256", claims(exp=10**40)),
    "with an end beyond all years": token(RSA, "RS256", claims(exp=10**17)),
    "not valid yet": token(RSA, "RS256", claims(nbf=AT + 61)),
    "of nobody": token(RSA, "RS256", claims(sub="")),
    "of nobody at all": token(RSA, "RS256", claims(sub=None)),
    "an unheard-of critical header": bare(
        {"alg": "RS256", "typ": "at+jwt", "kid": "r1", "crit": ["b64"], "b64": False}, claims()
    ),
    "claims that are a list": bare({"alg": "RS256", "typ": "at+jwt", "kid": "r1"}, [1]),
    "an enormous one": token(RSA, "RS256", claims(sub="s" * 9_000)),
    "changed claims": ".".join(
        part
        for one, two in [(token(RSA, "RS256"), bare({}, claims(sub="admin")))]
        for part in (one.split(".")[0], two.split(".")[1], one.split(".")[2])
    ),
    "cut off": token(RSA, "RS256")[:-5],
    "without a signature": token(RSA, "RS256").rsplit(".", 1)[0] + ".",
    "two parts": "a.b",
    "five parts": "a.b.c.d.e",
    "nothing": "",
    "not ASCII": "tökén.a.b",
    "no base64": "*.*.*",
    "deep JSON": bare({"alg": "RS256", "typ": "at+jwt", "kid": "r1"}, 0).replace(
        ".MA.", "." + "W1tb" * 1_500 + "."
    ),
}


@pytest.mark.parametrize("given", FORGED.values(), ids=FORGED)
async def test_a_forged_one_is_refused_in_the_same_words(given: str) -> None:
    with pytest.raises(CredentialRefused) as refusal:
        await Desk().of(given)
    assert str(refusal.value) == ("The credentials are not valid, or not any more: sign in again.")


async def test_a_key_that_is_too_small_counts_for_nothing() -> None:
    with pytest.raises(CredentialRefused):
        await Desk(Provider([SMALL])).of(token(SMALL, "RS256"))


async def test_clocks_may_differ_by_a_minute() -> None:
    desk = Desk()
    assert (await desk.of(token(RSA, "RS256", claims(nbf=AT + 59)))).kind is PrincipalKind.STAFF
    assert (await desk.of(token(RSA, "RS256", claims(exp=AT - 59)))).kind is PrincipalKind.STAFF


async def test_a_token_is_taken_until_its_end_and_no_longer() -> None:
    desk, given = Desk(), token(RSA, "RS256", claims(exp=AT + 10))
    await desk.of(given)
    desk.at = NOW + timedelta(seconds=69)
    assert (await desk.of(given)).kind is PrincipalKind.STAFF
    desk.at = NOW + timedelta(seconds=71)
    with pytest.raises(CredentialRefused):
        await desk.of(given)


async def test_keys_are_asked_for_once_and_again_when_they_are_ten_minutes_old() -> None:
    desk = Desk()
    for subject in ("a", "b", "c"):
        await desk.of(token(RSA, "RS256", claims(sub=subject)))
    assert desk.provider.asked == 1
    desk.at = NOW + timedelta(minutes=10, seconds=1)
    await desk.of(token(RSA, "RS256", claims(exp=AT + 3600)))
    assert desk.provider.asked == 2


async def test_a_new_key_is_found_when_it_is_first_used() -> None:
    desk = Desk()
    await desk.of(token(RSA, "RS256"))
    new = edwards("o2")
    desk.provider.keys = [new]
    desk.at = NOW + timedelta(seconds=61)
    assert (await desk.of(token(new, "EdDSA"))).kind is PrincipalKind.STAFF
    with pytest.raises(CredentialRefused):  # the old one was taken back
        await desk.of(token(RSA, "RS256", claims(sub="another")))


async def test_made_up_key_names_do_not_flood_the_issuer() -> None:
    desk = Desk()
    for number in range(500):
        with pytest.raises(CredentialRefused):
            await desk.of(token(RSA, "RS256", kid=f"made-up-{number}"))
    assert desk.provider.asked == 1


async def test_known_keys_outlive_their_issuer_for_a_day() -> None:
    desk = Desk()
    await desk.of(token(RSA, "RS256"))
    desk.provider.silent = UpstreamUnavailable("it is down")
    desk.at = NOW + timedelta(hours=23)
    assert (await desk.of(token(RSA, "RS256", claims(exp=AT + 10**6)))).kind is PrincipalKind.STAFF
    desk.at = NOW + timedelta(hours=24, seconds=1)
    with pytest.raises(KeysUnavailable):
        await desk.of(token(RSA, "RS256", claims(exp=AT + 10**6, sub="another")))


async def test_a_silent_issuer_is_not_the_callers_fault() -> None:
    desk = Desk(Provider(silent=UpstreamUnavailable("it is down")))
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            await desk.of(token(RSA, "RS256"))
    assert desk.provider.asked == 1


async def test_nobody_with_a_known_key_waits_for_a_silent_issuer() -> None:
    desk = Desk()
    await desk.of(token(RSA, "RS256"))
    desk.provider.holding = asyncio.Event()
    desk.provider.keys = [EDWARDS]
    desk.at = NOW + timedelta(minutes=11)
    for subject in ("a", "b", "c"):
        later = claims(exp=AT + 3600, sub=subject)
        assert (await asyncio.wait_for(desk.of(token(RSA, "RS256", later)), 10)).subject == subject
    assert desk.provider.asked == 2

    desk.provider.holding.set()
    await desk.of(token(EDWARDS, "EdDSA", claims(exp=AT + 3600)))
    with pytest.raises(CredentialRefused):  # the old one was taken back
        await desk.of(token(RSA, "RS256", claims(exp=AT + 3600, sub="d")))


async def test_an_unknown_key_is_waited_for_no_longer_than_an_operation_may_take() -> None:
    desk = Desk(within=timedelta(milliseconds=1))
    desk.provider.holding = asyncio.Event()
    for _ in range(2):
        with pytest.raises(KeysUnavailable):
            await asyncio.wait_for(desk.of(token(RSA, "RS256")), 10)

    desk.provider.holding.set()
    await asyncio.sleep(0)
    assert (await desk.of(token(RSA, "RS256"))).kind is PrincipalKind.STAFF
    assert desk.provider.asked == 1


async def test_an_issuer_that_never_told_its_keys_is_soon_asked_again() -> None:
    desk = Desk(Provider(silent=UpstreamUnavailable("it is down")))
    with pytest.raises(KeysUnavailable):
        await desk.of(token(RSA, "RS256"))
    desk.provider.silent = None
    desk.at = NOW + timedelta(seconds=5)
    assert (await desk.of(token(RSA, "RS256"))).kind is PrincipalKind.STAFF


async def test_who_leaves_leaves_the_question_to_those_who_come_later() -> None:
    desk = Desk()
    desk.provider.holding = asyncio.Event()
    leaving = asyncio.create_task(desk.of(token(RSA, "RS256")))
    await asyncio.sleep(0)
    leaving.cancel()
    staying = asyncio.create_task(desk.of(token(RSA, "RS256")))
    await asyncio.sleep(0)
    desk.provider.holding.set()
    assert (await asyncio.wait_for(staying, 10)).kind is PrincipalKind.STAFF
    assert desk.provider.asked == 1


async def test_who_brings_nothing_or_a_proxys_password_is_a_guest() -> None:
    desk = Desk()
    assert await desk.principals.of(None) is GUEST
    assert await desk.principals.of("Basic dXNlcjpwYXNz") is GUEST


async def test_without_issuers_no_token_is_taken() -> None:
    with pytest.raises(CredentialRefused):
        await Principals(None, lambda: NOW).of(f"Bearer {token(RSA, 'RS256')}")


def test_a_key_set_tells_public_keys_alone() -> None:
    assert b'"d"' not in key_set(RSA, ELLIPTIC, EDWARDS)
