"""X's own words, for its loopback server: ids that carry their time, problems, refusals."""

from datetime import datetime
from typing import Any

from monitor import clock
from tests.servers.loopback import Reply, json_reply

PROBLEMS = "https://api.twitter.com/2/problems/"
EPOCH_MS = 1_288_834_974_657


def snowflake(moment: datetime, number: int = 0) -> int:
    return ((clock.to_ms(moment) - EPOCH_MS) << 22) + number


def problem(name: str, title: str, detail: str, status: int, **more: Any) -> Reply:
    return json_reply({"title": title, "detail": detail, "type": PROBLEMS + name, "status": status} | more, status)


def invalid(parameter: str, value: str, message: str) -> Reply:
    told = [{"parameters": {parameter: [value]}, "message": message}]
    detail = "One or more parameters to your request was invalid."
    return problem("invalid-request", "Invalid Request", detail, 400, errors=told)


def too_many(reset: datetime | None) -> Reply:
    headers = {"x_rate_limit_reset": str(int(reset.timestamp()))} if reset else {}
    return json_reply({"title": "Too Many Requests", "detail": "Too Many Requests", "status": 429}, 429, **headers)


def missing(ident: str, what: str = "tweet", why: str = "") -> dict[str, str]:
    """A problem beside good posts: one that is not to be had."""
    told = {"value": ident, "resource_id": ident, "resource_type": what, "parameter": "ids"}
    if why:
        return told | {"title": "Forbidden", "detail": why, "type": f"{PROBLEMS}not-authorized-for-resource"}
    detail = f"Could not find {what} with ids: [{ident}]."
    return told | {"title": "Not Found Error", "detail": detail, "type": f"{PROBLEMS}resource-not-found"}


EXPIRED = problem("unauthorized", "Unauthorized", "Unauthorized", 401)
CAPPED = problem("usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", 429, period="Monthly")
UNPAID = problem("client-forbidden", "CreditsDepleted", "Your account has no credits left", 402)
FORBIDDEN = problem("client-forbidden", "Client Forbidden", "Your plan does not include this", 403)
NOT_ENROLLED = problem(
    "client-forbidden", "Client Forbidden", "This App is not enrolled for this", 403, reason="client-not-enrolled"
)
BUSY = problem(
    "streaming-connection", "ConnectionException",
    "This stream is currently at the maximum allowed connection limit.", 429, connection_issue="TooManyConnections",
)  # fmt: skip
CUT = {
    "errors": [
        {
            "title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect",
            "detail": "This stream has been disconnected upstream for operational reasons.",
            "type": f"{PROBLEMS}operational-disconnect",
        }
    ]
}  # fmt: skip
