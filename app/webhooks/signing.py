"""How does a receiver know that it is us? By signatures after the Standard Webhooks."""

import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from app.errors import MisconfiguredError
from app.settings import secret

SHORTEST, LONGEST = 24, 64  # bytes of a secret
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def signed(secrets: Sequence[Webhook], id_: str, body: bytes, *, at: datetime) -> Mapping[str, str]:
    """The headers of a message: a signature by each secret."""
    text = body.decode()
    return {
        ID: id_,
        TIMESTAMP: str(int(at.timestamp())),
        SIGNATURE: " ".join(one.sign(id_, at, text) for one in secrets),
    }


def signers(
    references: Sequence[Any], environ: Mapping[str, str], *, at: str
) -> tuple[Webhook, ...]:
    """Whoever signs with secrets of the form `whsec_...`.

    Raises:
        MisconfiguredError: one is not where the settings say, or is none.
    """
    return tuple(
        _signer(secret(one, environ, at=f"{at}.{place}"), f"{at}.{place}")
        for place, one in enumerate(references)
    )


def _signer(text: str, at: str) -> Webhook:
    try:
        key = binascii.a2b_base64(text.removeprefix("whsec_") + "==")
    except ValueError:
        key = b""
    if not text.startswith("whsec_") or not SHORTEST <= len(key) <= LONGEST:
        raise MisconfiguredError(
            f"{at}: a secret is whsec_ and {SHORTEST} to {LONGEST} random bytes in base64"
        )
    return Webhook(key)
