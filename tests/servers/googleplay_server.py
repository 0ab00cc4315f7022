"""Google Play's androidpublisher reviews on loopback: a bearer token, seven days, lists that end early.

With `account`, its token server stands beside it: it checks the signature of a service account with the public key.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import jwt

from monitor import clock
from tests.servers.keys import as_pem, rsa_key
from tests.servers.loopback import Asked, Loopback, Reply, json_reply


def refused(status: int, reason: str) -> Reply:
    told = {"code": status, "message": f"No: {reason}", "status": reason, "errors": [{"reason": reason}]}
    return json_reply({"error": told}, status)


EXPIRED = refused(401, "UNAUTHENTICATED")
FORBIDDEN = refused(403, "permissionDenied")
TOO_MUCH = refused(403, "rateLimitExceeded")
NO_APP = refused(404, "applicationNotFound")
LOST_PLACE = refused(400, "INVALID_ARGUMENT")


class GoogleplayServer(Loopback):
    """Holds the reviews of one app, and shows the last seven days of them, most recently changed first."""

    def __init__(self, now: datetime, token: str, app: str = "com.example.acme") -> None:
        super().__init__()
        self.now = now
        self.token = token
        self.app = app
        self.reviews: list[dict[str, Any]] = []
        self.most_pages: int | None = None  # the list ends after so many, whatever there is
        self.empty_first = False  # an empty page with a token comes before all others
        self.account = False  # tokens are asked for at /token
        self.forgets = False  # no place in the list is known any more

    def add(self, at: datetime, text: str = "\tAcme isn't <good>", **fields: Any) -> str:
        ident = f"gp:{len(self.reviews):06d}"
        said = {
            "text": text,
            "lastModified": {"seconds": str(int(at.timestamp())), "nanos": 713_000_000},
            "starRating": 2,
            "reviewerLanguage": "en_GB",
            "appVersionName": "1.2.3",
            "thumbsUpCount": 4,
            "thumbsDownCount": 1,
            "brandNewField": 1,
        } | fields
        answer = {"developerComment": {"text": "Sorry!", "lastModified": {"seconds": "1"}}}
        self.reviews.append(
            {"reviewId": ident, "authorName": "Ann", "comments": [answer, {"userComment": said}], "newField": 1}
        )
        return ident

    def edit(self, ident: str, at: datetime, text: str) -> None:
        """Change a review; only the time of its last change is shown."""
        said = _said(next(review for review in self.reviews if review["reviewId"] == ident))
        said |= {"text": text, "lastModified": {"seconds": str(int(at.timestamp()))}}

    def key_file(self, *, stranger: bool = False, **changed: Any) -> str:
        """The JSON file of the service account's key; of one that is not known here, if it is a stranger's."""
        told = {
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "key-1",
            "private_key": as_pem(rsa_key(1 if stranger else 0)),
            "client_email": "monitor@acme.iam.gserviceaccount.com",
            "token_uri": f"{self.url}/token",
        } | changed
        return json.dumps(told)

    def _exchanged(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assertion, now = form["assertion"], int(self.now.timestamp())
        try:
            claims = jwt.decode(
                assertion, rsa_key(0).public_key(), algorithms=["RS256"], audience=f"{self.url}/token",
                options={"verify_exp": False, "verify_iat": False, "require": ["iss", "scope", "aud", "exp", "iat"]},
            )  # fmt: skip
        except jwt.PyJWTError:
            return json_reply({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        right = (
            form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
            and jwt.get_unverified_header(assertion)["kid"] == "key-1"
            and claims["iss"] == "monitor@acme.iam.gserviceaccount.com"
            and claims["scope"] == "https://www.googleapis.com/auth/androidpublisher"
            and claims["iat"] <= now < claims["exp"] <= claims["iat"] + 3_600
        )
        if not right:
            return json_reply({"error": "invalid_request"}, 400)
        return json_reply({"access_token": self.token, "expires_in": 3_599, "token_type": "Bearer"})

    def reply(self, asked: Asked) -> Reply:
        if self.account and asked.path == "/token":
            return self._exchanged(asked)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return EXPIRED
        if asked.path != f"/androidpublisher/v3/applications/{self.app}/reviews":
            return NO_APP
        told, size = asked.params.get("token", ""), int(asked.params["maxResults"])
        if self.empty_first and not told:
            return json_reply({"tokenPagination": {"nextPageToken": "at-0"}})
        if told and (self.forgets or not told.startswith("at-")):
            return LOST_PLACE
        start = int(told.removeprefix("at-") or 0)
        oldest = self.now - timedelta(days=7)
        found = sorted((each for each in self.reviews if _time(each) >= oldest), key=_time, reverse=True)
        document: dict[str, Any] = {}
        if shown := found[start : start + size]:
            document["reviews"] = shown
        if start + size < len(found) and (self.most_pages is None or start // size + 1 < self.most_pages):
            document["tokenPagination"] = {"nextPageToken": f"at-{start + size}"}
        return json_reply(document)


def _said(review: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = review["comments"][1]["userComment"]
    return said


def _time(review: dict[str, Any]) -> datetime:
    return clock.from_ms(int(_said(review)["lastModified"]["seconds"]) * 1_000)
