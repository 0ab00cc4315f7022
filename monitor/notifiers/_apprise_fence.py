"""The fence around Apprise: which addresses it may be given, what is taken out of them, and what may be logged.

An address comes from the person who runs the program, but is often copied from somewhere. Knows no message.
"""

import logging
import re
from urllib.parse import unquote

from monitor.notifiers._apprise_outcome import SignsOnly

# Sent by our own `webhook` where they are needed, or reading and writing this machine: never, whatever is set.
NEVER = frozenset(
    (
        *("json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises"),
        *("file", "config", "http", "https", "syslog", "rsyslog", "dbus", "qt", "kde", "glib", "gio", "gnome"),
        *("macosx", "windows", "growl", "blink1"),
    )
)
CHAT = (
    *("slack", "discord", "workflow", "workflows", "tgram", "matrix", "matrixs", "mmost", "mmosts", "rocket"),
    *("rockets", "zulip", "webex", "wxteams", "gchat", "nctalk", "nctalks", "lark", "feishu", "line"),
)
MAIL = ("mailto", "mailtos", "sendgrid", "mailgun", "postmark", "ses", "smtp2go", "sparkpost")
ON_CALL = ("pagerduty", "pagertree", "opsgenie", "splunk", "victorops", "squadcast", "ilert", "goalert", "incidentio")
PHONE = (
    *("ntfy", "ntfys", "gotify", "gotifys", "pover", "pbul", "prowl", "signal", "signals", "whatsapp"),
    *("twilio", "vonage", "msgbird", "sns", "clicksend", "sinch", "plivo", "threema"),
)
ALLOWED = (*CHAT, *MAIL, *ON_CALL, *PHONE)

# Read a file or fetch an address (attach, template, pgp, wkd), follow redirects, hide a failure (optional), retry
# beside the outbox, send in pieces of which some may fail, or trust any certificate. The last two have our own value.
_TAKEN_OUT = frozenset(
    (
        *("attach", "attach-as", "attach_as", "filename", "inline", "template", "include", "config"),
        *("pgp", "pgppub", "pgpprv", "wkd", "redirect", "verify", "retry", "wait", "optional", "store"),
        *("overflow", "format", "emojis", "cto", "rto"),
    )
)

_NEXT = re.compile(r"[\s,]+(?=[A-Za-z0-9+.-]+://)|\s+")


def one(text: str) -> str | None:
    """The only address of a text; None where there is none or there are several.

    >>> one(" ntfy://host/topic\\n"), one("ntfy://host/a, ntfy://host/b"), one("mailto://a:b@c?to=x@y.z,w@y.z")
    ('ntfy://host/topic', None, 'mailto://a:b@c?to=x@y.z,w@y.z')
    """
    found = [part for part in _NEXT.split(text.strip()) if part]
    return found[0] if len(found) == 1 else None


def schema(address: str) -> str:
    """What stands before ://, in lower case; empty where nothing does.

    >>> schema("MailTo://a:b@c")
    'mailto'
    """
    before, mark, _ = address.partition("://")
    return before.strip().lower() if mark else ""


def fenced(address: str, **own: str) -> str:
    """An address without what it must not ask for, and with our own settings.

    >>> fenced("ntfy://host/topic?priority=high&%41ttach=file:///etc/passwd;redirect=yes", overflow="truncate")
    'ntfy://host/topic?priority=high&overflow=truncate'
    """
    place, _, query = address.partition("?")
    pieces = [piece for piece in re.split("[&;?]", query) if piece and not _is_taken_out(piece, own)]
    return place + "?" + "&".join([*pieces, *(f"{name}={value}" for name, value in own.items())])


def _is_taken_out(piece: str, own: dict[str, str]) -> bool:
    name = unquote(piece.partition("=")[0].replace("+", " ")).strip().lower()
    return name in _TAKEN_OUT or name in own or name.startswith(":")


def silence() -> None:
    """Keep what Apprise and its HTTP client log to ourselves: at debug level it holds texts and addresses.

    Of Apprise's lines the signs of a failure remain, for the result of a call; the HTTP client logs nothing.
    """
    own = logging.getLogger("apprise")
    own.propagate = False
    own.setLevel(logging.DEBUG)
    if not any(isinstance(each, SignsOnly) for each in own.filters):
        own.addFilter(SignsOnly())
    logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)
