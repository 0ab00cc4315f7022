"""App Store Connect's customer reviews on loopback: tokens are checked with the public key, pages by cursors."""

import re
from datetime import datetime
from typing import Any

import jwt

from monitor import clock
from tests.servers.keys import ec_key
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

_ADDRESS = re.compile(r"/v1/apps/(\d+)/customerReviews")


def refused(status: int, code: str) -> Reply:
    told = {"id": "1", "status": str(status), "code": code, "title": "No", "detail": f"No: {code}"}
    return json_reply({"errors": [told]}, status)


NOT_AUTHORIZED = refused(401, "NOT_AUTHORIZED")
FORBIDDEN = refused(403, "FORBIDDEN_ERROR")
TOO_MUCH = refused(429, "RATE_LIMIT_EXCEEDED")
NO_APP = refused(404, "NOT_FOUND")
LOST_PLACE = refused(400, "PARAMETER_ERROR.INVALID")


class ConnectServer(Loopback):
    """Holds the reviews of some apps, newest first; at most `most` to a page, whatever is asked for."""

    def __init__(self, now: datetime, apps: tuple[str, ...] = ("1",)) -> None:
        super().__init__()
        self.now = now
        self.issuer: str | None = "team-1"
        self.reviews: dict[str, list[dict[str, Any]]] = {app: [] for app in apps}
        self.most = 10
        self.left = 3_500
        self.leads_to = self.url  # where the next page is said to be
        self.stuck = False  # each page leads to itself
        self.forgets = False  # no place in the list is known any more

    def add(self, at: datetime, *, app: str = "1", **fields: Any) -> str:
        number = len(self.reviews[app])
        said = {
            "rating": 2,
            "title": "Slow & late",
            "body": "It isn't <good>",
            "reviewerNickname": "Ann",
            "createdDate": at.isoformat(timespec="seconds"),
            "territory": "GBR",
        } | fields
        ident = f"00000028-b08c-{app.zfill(4)}-{number:012d}"
        self.reviews[app].append({"type": "customerReviews", "id": ident, "attributes": said, "links": {"self": "x"}})
        return ident

    def change(self, ident: str, **fields: Any) -> None:
        next(row for rows in self.reviews.values() for row in rows if row["id"] == ident)["attributes"] |= fields

    def reply(self, asked: Asked) -> Reply:
        found = _ADDRESS.fullmatch(asked.path)
        if not found or not self._signed(asked.headers.get("authorization", "")):
            return NOT_AUTHORIZED if found else NO_APP
        if found[1] not in self.reviews:
            return NO_APP
        if asked.params.get("sort") != "-createdDate" or not 1 <= int(asked.params["limit"]) <= 200:
            return LOST_PLACE
        place = asked.params.get("cursor", "")
        if place and (self.forgets or not place.startswith("at.")):
            return LOST_PLACE
        return self._page(found[1], int(place.removeprefix("at.") or 0), int(asked.params["limit"]))

    def _page(self, app: str, start: int, limit: int) -> Reply:
        size = min(limit, self.most)
        rows = sorted(self.reviews[app], key=lambda row: clock.parse(row["attributes"]["createdDate"]), reverse=True)
        links = {"self": "x"}
        if start + size < len(rows):
            at = start if self.stuck and start else start + size
            links["next"] = (
                f"{self.leads_to}/v1/apps/{app}/customerReviews?cursor=at.{at}&sort=-createdDate&limit={limit}"
            )
        self.left -= 1
        document = {"data": rows[start : start + size], "links": links, "meta": {"paging": {"total": len(rows)}}}
        return json_reply(document, x_rate_limit=f"user-hour-lim:3500;user-hour-rem:{self.left};")

    def _signed(self, header: str) -> bool:
        word, _, token = header.partition(" ")
        try:
            claims = jwt.decode(
                token, ec_key(0).public_key(), algorithms=["ES256"], audience="appstoreconnect-v1",
                options={"verify_exp": False, "verify_iat": False, "require": ["aud", "exp", "iat"]},
            )  # fmt: skip
        except jwt.PyJWTError:
            return False
        whose = {"iss": self.issuer} if self.issuer else {"sub": "user"}
        now = int(self.now.timestamp())
        in_time = claims["iat"] <= now < claims["exp"] <= now + 1_200
        head = jwt.get_unverified_header(token)
        return word == "Bearer" and in_time and whose.items() <= claims.items() and head["kid"] == "2X9R4HXF34"
