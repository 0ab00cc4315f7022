"""A message as a letter: text and HTML side by side, the chart inside, headers by which mail programs know it again.

Knows no server. Whatever strangers wrote is text: it opens no tag, makes no link and begins no header.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from jinja2 import Environment, StrictUndefined

from monitor.domain import Message, Phase
from monitor.notifiers import _text

WHO = "Sentiment Monitor"
_LETTER = SMTP.clone(cte_type="7bit", raise_on_defect=False)  # any server can carry it
_SUBJECT = 200  # letters
_TINT = {"low": "#8A6D00", "medium": "#B45309", "high": "#B42318"}
_CALM = "#1F7A4D"
_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; padding: 0; background: #f4f5f6; color: #1c1c1c; }
.card { max-width: 640px; margin: 0 auto; background: #ffffff; border-top: 6px solid {{ tint }}; }
.in { padding: 20px 24px; font: 16px/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 20px; line-height: 1.3; margin: 0 0 12px; overflow-wrap: anywhere; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 16px; }
img { display: block; width: 100%; max-width: 900px; height: auto; border: 0; background: #ffffff; }
.acts a { display: inline-block; margin: 0 8px 8px 0; padding: 10px 14px; border-radius: 6px;
  background: #e6edf5; color: #0b3d66; text-decoration: none; font-weight: 600; }
.foot { font-size: 13px; color: #5c6368; margin: 8px 0 0; }
@media (prefers-color-scheme: dark) {
  body { background: #101214; color: #ececec; }
  .card { background: #1b1e21; }
  .acts a { background: #24405c; color: #e4f0fb; }
  .foot { color: #a4abb1; }
}
</style></head>
<body><div class="card"><div class="in">
<h1>{{ title }}</h1>
<div class="words">{{ words }}</div>
{% if picture %}<p><img src="cid:{{ picture }}" alt="{{ alt }}"></p>{% endif %}
{% if links %}<p class="acts">{% for link in links %}<a href="{{ link.url }}">{{ link.label }}</a>{% endfor %}</p>\
{% endif %}
<p class="foot">{{ foot }}</p>
</div></div></body></html>
"""
_PAGE = Environment(autoescape=True, undefined=StrictUndefined).from_string(_HTML)


def letter(message: Message, *, sender: str, to: tuple[str, ...], now: datetime) -> EmailMessage:
    """The letter. The same message always has the same Message-ID, and all of one incident stand in one thread."""
    made = EmailMessage(policy=_LETTER)
    place = sender.rpartition("@")[2]
    thread = f"<incident.{_text.subject(message)}@{place}>"
    made["From"] = Address(WHO, addr_spec=sender)
    made["To"] = ", ".join(to)
    made["Subject"] = _text.title(message)[:_SUBJECT]
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{identity(message)}@{place}>"
    made["In-Reply-To"] = made["References"] = thread
    made["Auto-Submitted"] = "auto-generated"
    made["X-Message-Key"] = _text.told(message)
    if message.severity == "high" and not _over(message):
        made["Importance"] = "high"
    made.set_content(_text.body(message) + "\n")
    made.add_alternative(_html(message, place), subtype="html")
    if message.picture is not None:
        _, html = made.iter_parts()
        html.add_related(
            message.picture, "image", "png", cid=f"<{_cid(message, place)}>", filename="chart.png", disposition="inline"
        )
    return made


def identity(message: Message) -> str:
    """What a message is known by, from its key alone."""
    return "message." + sha256(message.key.encode("utf-8", "backslashreplace")).hexdigest()[:40]


def _html(message: Message, place: str) -> str:
    words = _text.plain(message.body).strip("\n") or _text.title(message)
    again = " An earlier try may have arrived." if message.repeat else ""
    return _PAGE.render(
        title=_text.title(message),
        words=words,
        tint=_CALM if _over(message) else _TINT.get(message.severity, _TINT["medium"]),
        picture=_cid(message, place) if message.picture is not None else "",
        alt=_text.picture_in_words(message.chart),
        links=[{"url": each.url, "label": _text.line(each.label)} for each in _text.links(message)],
        foot=f"Sent by {WHO}.{again}",
    )


def _cid(message: Message, place: str) -> str:
    return f"chart.{identity(message)}@{place}"


def _over(message: Message) -> bool:
    return message.facts.get("phase") == Phase.CLOSED
