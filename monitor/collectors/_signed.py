"""Keys of stores sign here: short tokens that prove who asks (JSON Web Tokens, RFC 7519). Knows no platform.

The only file that knows `jwt`. A key is read when it is used, and no error repeats any of it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import jwt

from monitor import clock
from monitor.domain import Secret
from monitor.errors import CredentialRefused


def key_text(secret: Secret, source: str, what: str) -> str:
    """A key of several lines. Raises CredentialRefused, without it."""
    try:
        return secret.reveal().strip()
    except LookupError as error:
        raise CredentialRefused(f"{source}: {error}. Set it to {what}.") from None


def signed_token(
    claims: Mapping[str, str],
    key: str,
    *,
    algorithm: Literal["ES256", "RS256"],
    key_id: str,
    lasts: timedelta,
    now: datetime,
    source: str,
) -> str:
    """A token with these claims, good from `now` for as long as it lasts.

    `key` is a private key in PEM; in a value from the environment its lines may end in a written-out `\\n`.
    Raises CredentialRefused where the key cannot sign so.
    """
    issued = clock.to_ms(now) // 1_000
    told = {**claims, "iat": issued, "exp": issued + int(lasts.total_seconds())}
    try:
        return jwt.encode(
            told, key.replace("\\n", "\n"), algorithm=algorithm, headers={"kid": key_id} if key_id else None
        )
    except Exception:  # noqa: BLE001 - broken PEM is told in many ways, and some of them quote it
        raise CredentialRefused(
            f"{source}: the private key cannot sign ({algorithm}). It must be the whole file as it was downloaded."
        ) from None
