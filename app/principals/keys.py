"""Keys for programs: given out once, known by their hashes, taken back within seconds."""

import hmac
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import choice, token_urlsafe
from string import ascii_lowercase, digits
from typing import Any

from cachetools import LRUCache
from sqlalchemy import Connection, Row, func, insert, select, update

from app.principals.model import Principal
from app.principals.refusals import CredentialRefused, KeyNotFound, KeysUnavailable, TooManyKeys
from app.principals.tables import api_key_owners, api_keys
from app.store import Fact, Store, StoreUnavailable, Work
from app.store.statements import inserting
from app.values import PrincipalKind

PREFIX = "tsk_"  # so that scanners for secrets know one when they see it
ALPHABET, ID_SIZE, SECRET_BYTES = ascii_lowercase + digits, 12, 32
ID_LETTERS = frozenset(ALPHABET)
ISSUER = "keys"
MOST_TOLD = 20  # keys of one owner
MOST_ACTIVE = 2  # of one owner: the old one, and the one that takes its place
KNOWN_FOR = timedelta(seconds=5)
MOST_KNOWN, MOST_AT_ONCE = 10_000, 500
USED_EVERY = timedelta(minutes=1)  # that a use is written down


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key: everything but its secret, of which there is only a hash.

    `name` is what its owner calls it; `last_used_at` is right to a minute.
    """

    id: str
    kind: PrincipalKind
    owner: str
    created_at: datetime
    expires_at: datetime
    name: str | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    hashed: bytes = field(repr=False)

    def good(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and now < self.expires_at

    @property
    def principal(self) -> Principal:
        """Whom it speaks for: both keys of an owner for the same."""
        return Principal(self.kind, ISSUER, self.owner, expires_at=self.expires_at)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, and its `text`, which nobody can tell again."""

    key: ApiKey
    text: str = field(repr=False)


class ApiKeys:
    """Gives keys out, takes them back, and knows them again."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._known: LRUCache[str, tuple[ApiKey | None, datetime]] = LRUCache(MOST_KNOWN)
        self._last_used: LRUCache[str, datetime] = LRUCache(MOST_KNOWN)

    async def principal(self, text: str) -> Principal:
        """Whom a key speaks for; what was known of it is taken for five seconds.

        Raises:
            CredentialRefused: it is none, or not any more.
            KeysUnavailable: nobody can say.
        """
        id_, _, secret = text.removeprefix(PREFIX).partition("_")
        if len(id_) != ID_SIZE or not ID_LETTERS.issuperset(id_) or not secret.isascii():
            raise CredentialRefused("no key")
        key = await self._found(id_)
        if key is None or not hmac.compare_digest(key.hashed, _hash(secret)):
            raise CredentialRefused("unknown key")
        if not key.good(self._now()):
            raise CredentialRefused("key taken back or expired")
        await self._used(key)
        return key.principal

    async def _used(self, key: ApiKey) -> None:
        """Write down that it was; who asks does not hear of it if the store is silent."""
        now = self._now()
        last = self._last_used.get(key.id) or key.last_used_at
        if last is not None and now - last < USED_EVERY:
            return
        self._last_used[key.id] = now
        used = update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now)
        with suppress(StoreUnavailable):
            await self._store.act(lambda work: work.connection.execute(used), now=now)

    async def _found(self, id_: str) -> ApiKey | None:
        known, until = self._known.get(id_, (None, None))
        if until is not None and self._now() < until:
            return known
        ids = {id_} if until is None else self._in_use(id_)
        try:
            keys = await self._store.read(lambda connection: _read(connection, ids))
        except StoreUnavailable as error:
            raise KeysUnavailable from error
        until = self._now() + KNOWN_FOR
        for one in ids:
            self._known[one] = keys.get(one), until
        return keys.get(id_)

    def _in_use(self, id_: str) -> set[str]:
        """A key and others that were good a moment ago: one question for many streams."""
        ids, since = {id_}, self._now() - KNOWN_FOR
        for other in list(self._known):
            key, until = self._known.get(other, (None, since))
            if key is not None and until > since and len(ids) < MOST_AT_ONCE:
                ids.add(other)
        return ids

    async def create(
        self, kind: PrincipalKind, owner: str, *, lasts: timedelta, name: str | None = None
    ) -> NewKey:
        """A new key for an owner, who may call it by a `name`.

        Raises:
            TooManyKeys: the owner has two that are good: one has to be taken back first.
        """
        id_ = "".join(choice(ALPHABET) for _ in range(ID_SIZE))
        secret, now = token_urlsafe(SECRET_BYTES), self._now()
        key = ApiKey(
            id=id_,
            kind=kind,
            owner=owner,
            name=name,
            created_at=now,
            expires_at=now + lasts,
            hashed=_hash(secret),
        )
        await self._store.act(lambda work: _keep(work, key), now=now)
        return NewKey(key, f"{PREFIX}{id_}_{secret}")

    async def revoke(self, id_: str) -> ApiKey:
        """Take a key back; one that was before stays so.

        Raises:
            KeyNotFound: there is none.
        """
        return await self._store.act(lambda work: _revoke(work, id_), now=self._now())

    async def of(self, kind: PrincipalKind, owner: str) -> list[ApiKey]:
        """Every key that an owner was ever given, the latest first."""
        mine = (api_keys.c.kind == kind, api_keys.c.owner == owner)
        latest = (api_keys.c.created_at.desc(), api_keys.c.id.desc())
        asked = select(api_keys).where(*mine).order_by(*latest).limit(MOST_TOLD)
        return await self._store.read(lambda one: [_key(row) for row in one.execute(asked)])

    async def all(self) -> list[ApiKey]:
        """Every key that was ever given out, the oldest first."""
        asked = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        return await self._store.read(lambda one: [_key(row) for row in one.execute(asked)])


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _read(connection: Connection, ids: Collection[str]) -> dict[str, ApiKey]:
    found = connection.execute(select(api_keys).where(api_keys.c.id.in_(sorted(ids))))
    return {row.id: _key(row) for row in found}


def _lock(connection: Connection, owner: str) -> None:
    """Let nobody else give a key to an owner until the transaction ends."""
    new = inserting(connection, api_key_owners).values(owner=owner)
    connection.execute(new.on_conflict_do_nothing(index_elements=[api_key_owners.c.owner]))
    mine = select(api_key_owners.c.owner).where(api_key_owners.c.owner == owner)
    connection.execute(mine.with_for_update())


def _keep(work: Work, key: ApiKey) -> None:
    _lock(work.connection, key.owner)
    good = (
        select(func.count())
        .select_from(api_keys)
        .where(
            api_keys.c.owner == key.owner,
            api_keys.c.revoked_at.is_(None),
            api_keys.c.expires_at > work.now,
        )
    )
    if work.connection.execute(good).scalar_one() >= MOST_ACTIVE:
        raise TooManyKeys(key.owner)
    row = {name: getattr(key, name) for name in api_keys.c.keys()}  # noqa: SIM118  no mapping
    work.connection.execute(insert(api_keys), row)
    work.tell(_fact("KeyCreated", key))


def _revoke(work: Work, id_: str) -> ApiKey:
    first = func.coalesce(api_keys.c.revoked_at, work.now)
    taken = update(api_keys).where(api_keys.c.id == id_).values(revoked_at=first)
    row = work.connection.execute(taken.returning(api_keys)).one_or_none()
    if row is None:
        raise KeyNotFound(id_)
    key = _key(row)
    if key.revoked_at == work.now:
        work.tell(_fact("KeyRevoked", key))
    return key


def _fact(kind: str, key: ApiKey) -> Fact:
    body = {"kind": key.kind, "owner": key.owner, "expires": key.expires_at.isoformat()}
    return Fact(kind=kind, entity=key.id, body=body)


def _key(row: Row[Any]) -> ApiKey:
    told = dict(row._mapping)  # noqa: SLF001  its public name
    return ApiKey(**{**told, "kind": PrincipalKind(told["kind"]), "hashed": bytes(told["hashed"])})
