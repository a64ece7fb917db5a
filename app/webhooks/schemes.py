"""Is a message the system's own? One function for each way of signing."""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import orjson
from standardwebhooks import Webhook as Signer

from app.ports import WebhookRefused, WebhookRequest, WebhookScheme
from app.settings import Hearing, Scheme, secret
from app.webhooks.signing import ID, SIGNATURE, TIMESTAMP, signers

SOUND_ID = re.compile(r"[\x21-\x7e]{1,128}")
SECONDS = re.compile(r"[0-9]{1,11}")
SQUARE_SIGNATURE = "x-square-hmacsha256-signature"


def scheme_of(name: str, terms: Hearing, environ: Mapping[str, str]) -> WebhookScheme:
    """How the messages of a connection are looked at.

    Raises:
        MisconfiguredError: a secret is not where the settings say, or is none.
    """
    at = f"hearing.{name}.secrets"
    if terms.scheme is Scheme.SQUARE:
        keys = [
            secret(one, environ, at=f"{at}.{place}").encode()
            for place, one in enumerate(terms.secrets)
        ]
        return partial(square, keys=keys, url=terms.url)
    known = signers(terms.secrets, environ, at=at)
    return partial(standard, secrets=known, tolerance=terms.tolerance)


def standard(
    request: WebhookRequest, *, now: datetime, secrets: Sequence[Signer], tolerance: timedelta
) -> str:
    """The Standard Webhooks: id, time and body are signed."""
    id_, time = request.headers.get(ID, ""), request.headers.get(TIMESTAMP, "")
    if not SOUND_ID.fullmatch(id_) or not SECONDS.fullmatch(time):
        raise WebhookRefused
    try:
        text, at = request.body.decode(), datetime.fromtimestamp(int(time), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise WebhookRefused from error
    if abs(now - at) > tolerance:
        raise WebhookRefused
    given = request.headers.get(SIGNATURE, "").split(" ")
    right = [one.sign(id_, at, text) for one in secrets]
    _check(given, right)
    return id_


def square(request: WebhookRequest, *, now: datetime, keys: Sequence[bytes], url: str) -> str:
    """Square: address and body are signed; its messages carry an id, and no time of sending."""
    del now
    signed = url.encode() + request.body
    right = [b64encode(hmac.digest(key, signed, sha256)).decode() for key in keys]
    _check([request.headers.get(SQUARE_SIGNATURE, "")], right)
    return _event_id(request.body) or sha256(request.body).hexdigest()


def _check(given: Sequence[str], right: Sequence[str]) -> None:
    pairs = [(one.encode(), other.encode()) for one in given[:10] for other in right]
    if not any([hmac.compare_digest(one, other) for one, other in pairs]):  # noqa: C419  all of them
        raise WebhookRefused


def _event_id(body: bytes) -> str | None:
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    id_ = document.get("event_id") if isinstance(document, dict) else None
    return id_ if isinstance(id_, str) and SOUND_ID.fullmatch(id_) else None
