"""The door through which people act by a link in a message: GET /act/TOKEN shows what would happen, POST does it.

Knows tokens and pages; nothing of the store: what an incident is, and how something is done to it, comes in as `Desk`.
Only POST acts, because programs that scan mail open links. A page needs no script and no cookie, and says nothing of an
incident to anybody without a token that was signed here. Requests are few for each address, bodies small, and only the
hosts by which this door is known are answered.
"""

import base64
import hashlib
import ipaddress
import logging
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from monitor import hooks
from monitor.acts_page import PAGE, STYLE
from monitor.alerting.words import length
from monitor.clock import Clock
from monitor.domain import Incident, IncidentStatus
from monitor.errors import InputError, MonitorError
from monitor.links import LABELS, PATH, SILENCE_HOURS, Act, LinkExpired, read

LONGEST_BODY = 4_000  # bytes of a form
LONGEST_NAME = 60  # letters
A_MINUTE = 60  # requests of one address; behind a server that passes requests on, of everybody together
ADDRESSES = 4_096  # that are counted in one minute; beyond them all others count as one
PATIENCE = 10.0  # seconds for a whole form
_CLEAR = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))  # nothing that hides or turns is in a name
_ENDED = ("acknowledge", "assign", "silence")  # mean nothing any more once an incident is over
WOULD = {
    "acknowledge": "You say that you have it: everybody who was told can see so, and no reminder comes.",
    "silence": f"For {SILENCE_HOURS} hours nothing more is told of this incident, except that it is over.",
    "assign": "It is yours: you become its owner until it is over, or until somebody else takes it.",
    "false_alarm": "You say that it was a false alarm. The rule hears of it, and is more careful with this brand.",
    "real": "You say that it was real. The rule hears of it, and its record of warnings counts it.",
}
log = logging.getLogger("monitor.acts")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the door needs of the program. Each may raise MonitorError, in one sentence."""

    incident: Callable[[int], Incident | None]
    sentence: Callable[[Incident], str]  # the incident in one sentence
    perform: Callable[[Act, str, datetime], str]  # does it in somebody's name, once; says what happened


def routes(desk: Desk, *, key: Callable[[], bytes], clock: Clock, public_url: str, bind: str) -> list[BaseRoute]:
    """The routes of the door, which is asked at `public_url`, or at `bind` by a server that passes requests on, whether
    or not that server takes the path of the public address away.
    """
    door = _Door(desk, key, clock, hosts_of(public_url, bind))
    paths = dict.fromkeys((PATH, urlsplit(public_url).path.rstrip("/") + PATH))
    return [Route(path + "{token}", door.answer, methods=["GET", "HEAD", "POST"]) for path in paths]


def hosts_of(public_url: str, bind: str) -> frozenset[str]:
    """The names under which a door is known: that of its public address, that where it listens, and this machine.

    >>> sorted(hosts_of("https://m.example.org/monitor", "0.0.0.0:8765"))
    ['0.0.0.0', '127.0.0.1', '::1', 'localhost', 'm.example.org']
    """
    public = urlsplit(public_url).hostname or ""
    return frozenset({public, bind.rpartition(":")[0].strip("[]").lower(), "localhost", "127.0.0.1", "::1"})


@dataclass(slots=True)
class _Throttle:
    """How often each address asked in the minute that runs."""

    minute: int = 0
    asked: dict[str, int] = field(default_factory=dict)

    def full(self, address: str, now: datetime) -> bool:
        """Count one more request; whether it is one too many."""
        minute = int(now.timestamp() // 60)
        if minute != self.minute:
            self.minute, self.asked = minute, {}
        who = address if address in self.asked or len(self.asked) < ADDRESSES else ""
        self.asked[who] = self.asked.get(who, 0) + 1
        return self.asked[who] > A_MINUTE


class _Refused(Exception):
    """A request that gets a page with a reason, and nothing else."""

    def __init__(self, status: int, title: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.title, self.reason = status, title, reason


@dataclass(slots=True)
class _Door:
    """One door with its counts."""

    desk: Desk
    key: Callable[[], bytes]
    clock: Clock
    hosts: frozenset[str]
    throttle: _Throttle = field(default_factory=_Throttle)

    async def answer(self, request: Request) -> Response:
        """A page, whatever comes: what would happen, what happened, or why nothing did."""
        try:
            self._admit(request)
            form = await _form(request) if request.method == "POST" else None
            return await run_in_threadpool(self._page, str(request.path_params["token"]), form)
        except _Refused as no:
            return _refusal(no.status, no.title, no.reason)
        except ClientDisconnect:
            return _refusal(400, "Not done", "The form broke off. Send it again.")
        except MonitorError as error:
            log.error("%s", error)
            return _refusal(503, "Not done", "This cannot be done at the moment. Try again in a minute.")
        except Exception as error:  # noqa: BLE001 - whatever breaks behind this door, nobody sees its inside
            log.error("an act broke (%s); please report this.", type(error).__name__)
            return _refusal(500, "Not done", "This is our fault, and nothing was done. Please report it.")

    def _admit(self, request: Request) -> None:
        host = _host(request.headers.get("host", ""))
        if host not in self.hosts:
            reason = f"This door is not known as “{host[:100]}”. Open the link from the message itself."
            raise _Refused(421, "Wrong host", reason)
        client = request.client.host if request.client else ""
        if self.throttle.full(_network(client), self.clock.now()):
            raise _Refused(429, "Too many requests", "Too many requests came from your address. Wait a minute.")

    def _page(self, token: str, form: Mapping[str, str] | None) -> Response:
        now = self.clock.now()
        act = _read(token, self.key(), now)
        incident = self.desk.incident(act.incident_id)
        if incident is None:
            raise _Refused(410, "Not kept any more", "What this link is about is not kept any more.")
        over = incident.status is IncidentStatus.RESOLVED and act.action in _ENDED
        if form is None or over:
            return self._asked(act, incident, now, over=over)
        told = self.desk.perform(act, _name(form.get("name", "")) or act.receiver, now)
        shown = self.desk.incident(act.incident_id) or incident
        return _html(200, title=told, lead=self.desk.sentence(shown), text=_standing(shown, now), done=True)

    def _asked(self, act: Act, incident: Incident, now: datetime, *, over: bool) -> Response:
        lead = self.desk.sentence(incident)
        if over:
            text = "This incident is over: there is nothing left to do here."
            return _html(200, title="It is over", lead=lead, text=text)
        text = f"{WOULD[act.action]} {_standing(incident, now)}".strip()
        return _html(200, title=f"{LABELS[act.action]}?", lead=lead, text=text, act=act)


def _read(token: str, key: bytes, now: datetime) -> Act:
    try:
        return read(token, key, now=now)
    except LinkExpired as error:
        raise _Refused(410, "Expired", str(error)) from None
    except InputError as error:
        raise _Refused(404, "Nothing here", str(error)) from None


def _standing(incident: Incident, now: datetime) -> str:
    """Who has it, and what was said of it, in a few sentences."""
    told = [f"{incident.owner} has it."] if incident.owner else []
    if incident.acknowledged_at is not None:
        told.append(f"Acknowledged {length(max(now - incident.acknowledged_at, timedelta(0)))} ago.")
    if incident.real is not None:
        told.append(f"Somebody said that it {'was real' if incident.real else 'was a false alarm'}.")
    return " ".join(told)


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form; what is no form has none."""
    try:
        body = await hooks.body_of(request, LONGEST_BODY, PATIENCE)
    except hooks.TooLarge:
        raise _Refused(413, "Not done", "The form is too large.") from None
    except TimeoutError:
        raise _Refused(408, "Not done", "The form did not come in time. Send it again.") from None
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
    except ValueError:
        raise _Refused(400, "Not done", "The form has too many fields.") from None


def _name(text: str) -> str:
    """A name as a person may write it: one line, nothing hidden in it, not endless."""
    return " ".join("".join(letter for letter in text if unicodedata.category(letter) not in _CLEAR).split())[
        :LONGEST_NAME
    ]


def _host(header: str) -> str:
    """The host of a Host header, without its port."""
    bare = header.strip().lower()
    if bare.startswith("["):
        return bare[1:].partition("]")[0]
    return bare.partition(":")[0].rstrip(".")


def _network(client: str) -> str:
    """What is counted as one: an address, or with IPv6 the 64 bits that one household has."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return client if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _refusal(status: int, title: str, reason: str) -> Response:
    answer = _html(status, title=title, lead=reason, text="")
    if status in (429, 503):
        answer.headers["retry-after"] = "60"
    return answer


def _html(status: int, *, title: str, lead: str, text: str, act: Act | None = None, done: bool = False) -> Response:
    """A page; with `act`, the button that does it."""
    page = _TEMPLATE.render(
        style=STYLE, title=title, lead=lead, text=text, button=LABELS[act.action] if act else "",
        receiver=act.receiver if act else "", longest=LONGEST_NAME, done=done,
    )  # fmt: skip
    return HTMLResponse(page, status, headers=_HEADERS)


_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(PAGE)
_ALLOWED = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_ALLOWED}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
