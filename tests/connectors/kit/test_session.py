"""One login for everybody, and none too many."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.errors import UpstreamThrottled, UpstreamUnauthorized, UpstreamUnavailable
from connectors.kit.session import Session


class Door:
    """Counts logins, and lets in whoever has the newest token."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 4, tzinfo=UTC)
        self.logins = 0
        self.valid = 1
        self.closed: Exception | None = None
        self.session = Session(self.log_in, now=lambda: self.time)

    async def log_in(self) -> str:
        self.logins += 1
        await asyncio.sleep(0)
        if self.closed is not None:
            raise self.closed
        return f"token-{self.valid}"

    async def enter(self, token: str) -> str:
        if token != f"token-{self.valid}":
            raise UpstreamUnauthorized("who are you?")
        return token


async def test_many_calls_at_once_share_one_login() -> None:
    door = Door()

    tokens = await asyncio.gather(*(door.session.call(door.enter) for _ in range(5)))

    assert (tokens, door.logins) == (["token-1"] * 5, 1)


async def test_a_forgotten_token_is_renewed_once_for_all() -> None:
    door = Door()
    await door.session.call(door.enter)
    door.valid = 2

    tokens = await asyncio.gather(*(door.session.call(door.enter) for _ in range(5)))

    assert (tokens, door.logins) == (["token-2"] * 5, 2)


async def test_a_refused_login_is_not_tried_again_for_a_minute() -> None:
    door = Door()
    door.closed = UpstreamUnauthorized("wrong password")
    for _ in range(3):
        with pytest.raises(UpstreamUnauthorized):
            await door.session.call(door.enter)
    tries = door.logins

    door.closed, door.time = None, door.time + timedelta(minutes=1)
    token = await door.session.call(door.enter)

    assert (tries, token, door.logins) == (1, "token-1", 2)


@pytest.mark.parametrize(
    "error",
    [
        UpstreamUnavailable("down"),
        UpstreamThrottled("busy", retry_after=timedelta(seconds=7)),
    ],
)
async def test_a_login_that_could_not_be_answered_says_nothing_about_the_password(
    error: Exception,
) -> None:
    door = Door()
    door.closed = error
    with pytest.raises(type(error)):
        await door.session.call(door.enter)

    door.closed = None

    assert await door.session.call(door.enter) == "token-1"


async def test_a_token_that_is_refused_at_once_is_given_up() -> None:
    door = Door()

    async def refuse(_token: str) -> str:
        raise UpstreamUnauthorized("not for you")

    with pytest.raises(UpstreamUnauthorized, match="not for you"):
        await door.session.call(refuse)

    assert door.logins == 2


async def test_a_token_that_is_known_to_have_ended_is_not_sent_again() -> None:
    door = Door()
    sent = []

    async def enter(token: str) -> str:
        sent.append(token)
        return await door.enter(token)

    await door.session.call(enter)
    door.valid = 2
    door.session.forget()
    await door.session.call(enter)

    assert sent == ["token-1", "token-2"]
