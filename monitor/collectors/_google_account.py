"""Service accounts of Google: their key signs an assertion, which is exchanged for an access token (RFC 7523).

A token is kept in memory until shortly before it expires. Where it is asked for is said by the settings, never by the
key's file: a file that somebody changed must not lead the signature elsewhere. Knows no single API.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from monitor.collectors._answers import error_of, fetch
from monitor.collectors._signed import key_text, signed_token
from monitor.collectors._web import document_of
from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused
from monitor.http import Answer, GuardedClient
from monitor.post_fields import shown

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LASTS = timedelta(hours=1)  # of the assertion; the longest that Google takes
_EARLY = timedelta(minutes=2)  # a token is renewed so long before its end
_FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: datetime
    text: str  # of the key's file: a file that was replaced is used at once


class ServiceAccount:
    """Access tokens for one scope. Making one opens nothing."""

    def __init__(self, source: str, key: Secret, client: GuardedClient, *, url: str, scope: str) -> None:
        self._source = source
        self._key = key
        self._client = client
        self._url = url
        self._scope = scope
        self._kept: _Token | None = None

    def __repr__(self) -> str:
        return f"ServiceAccount({self._source!r})"  # a token is no word for a log

    def token(self, *, now: datetime) -> str:
        """An access token that is good for two minutes at least. Raises the collectors' errors."""
        text = key_text(self._key, self._source, "the JSON file of a service account's key")
        if self._kept is None or self._kept.text != text or now + _EARLY >= self._kept.until:
            self._kept = None
            self._kept = self._exchanged(text, now)
        return self._kept.value

    def forget(self) -> None:
        """Throw the token away: Google refused it."""
        self._kept = None

    def _exchanged(self, text: str, now: datetime) -> _Token:
        account = self._account(text)
        claims = {"iss": account["client_email"], "scope": self._scope, "aud": self._url}
        assertion = signed_token(
            claims, account["private_key"], algorithm="RS256", key_id=account.get("private_key_id", ""),
            lasts=_LASTS, now=now, source=self._source,
        )  # fmt: skip
        form = urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()
        answer = fetch(self._client, self._url, self._source, headers=_FORM, content=form)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, now)
        document = document_of(answer, self._source)
        value, lasts = document.get("access_token"), document.get("expires_in")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or type(lasts) is not int:
            raise AnswerUnreadable(f"{self._source}: Google's answer holds no access token. Check `oauth_url`.")
        return _Token(value, now + timedelta(seconds=min(max(lasts, 0), 86_400)), text)

    def _account(self, text: str) -> dict[str, str]:
        """The fields of the key's file that are texts."""
        try:
            told = json.loads(text, strict=False)  # in a value from the environment, lines of the key may be broken
        except (ValueError, RecursionError):
            told = None
        fields = told if isinstance(told, dict) else {}
        account = {name: value for name, value in fields.items() if isinstance(value, str)}
        if not account.get("client_email") or not account.get("private_key"):
            raise CredentialRefused(
                f"{self._source}: {self._key.reference} is not the key of a service account. It must hold the whole"
                " JSON file with client_email and private_key."
            )
        if (place := account.get("token_uri")) and _host(place) != _host(self._url):
            raise CredentialRefused(
                f"{self._source}: the key's file names another place for tokens than `oauth_url`. Use the file as it"
                " was downloaded."
            )
        return account

    def _refusal(self, answer: Answer, now: datetime) -> Exception:
        """400 and 401 are about the key here; everything else is what it is anywhere."""
        if answer.status not in (400, 401):
            return error_of(answer, self._source, now)
        try:
            word = json.loads(answer.body.decode("utf-8"))["error"]
        except (ValueError, RecursionError, TypeError, KeyError):
            word = None
        told = f" {shown(word)[:40]}" if isinstance(word, str) and word.isidentifier() else ""
        return CredentialRefused(
            f"{self._source}: Google refuses the service account's key ({answer.status}{told}). Check that the key is"
            " not deleted, and this machine's clock."
        )


def _host(address: str) -> str | None:
    """Host and port of an address; None where it cannot be read as one."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return None
