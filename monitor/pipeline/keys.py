"""The key that signs the links in messages: the settings' own, or one that is made once, beside the database.

Knows where the key lies; nothing of what is signed with it.
"""

import os
import secrets
from pathlib import Path

from monitor.domain import Secret
from monitor.errors import SettingsError

SIZE = 32  # bytes of a key that is made
LEAST = 16  # letters of one that a person chose: whoever has a link can try short ones at leisure


def link_key(secret: Secret | None, database: Path) -> bytes:
    """The key of [web] link_secret, or the one beside the database. Raises SettingsError, in one sentence."""
    return _chosen(secret) if secret is not None else _beside(database.with_name(f"{database.name}.links"))


def _chosen(secret: Secret) -> bytes:
    try:
        value = secret.reveal()
    except LookupError as error:
        raise SettingsError(f"[web] link_secret: {error}.") from None
    if len(value) < LEAST:
        raise SettingsError(
            f"[web] link_secret: {secret.reference} holds fewer than {LEAST} letters, which can be guessed;"
            " make one with: openssl rand -hex 32"
        )
    return value.encode("utf-8", "replace")


def _beside(place: Path) -> bytes:
    """Read the key, or make it: whole or not at all, also where two programs begin at once."""
    try:
        return _read(place) or _made(place)
    except OSError as error:
        raise SettingsError(
            f"{place}: the key that signs links cannot be kept there ({error.strerror});"
            " name one in [web] link_secret, or free the file."
        ) from None


def _read(place: Path) -> bytes | None:
    try:
        key = place.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != SIZE:
        raise SettingsError(f"{place}: this is no key of ours ({len(key)} bytes). Take it away; a new one is made.")
    return key


def _made(place: Path) -> bytes:
    fresh = place.with_name(f"{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(SIZE))
            stream.flush()
            os.fsync(stream.fileno())
        _put(fresh, place)
    finally:
        fresh.unlink(missing_ok=True)
    return _read(place) or b""


def _put(fresh: Path, place: Path) -> None:
    """Give the key its name, unless another program was first: its key holds."""
    try:
        os.link(fresh, place)
    except FileExistsError:
        return
    except OSError:  # a file system without a second name for a file
        os.replace(fresh, place)
