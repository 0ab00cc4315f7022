"""What every notifier does to a message's words before they leave, and by what receivers know it again.

Knows no receiver.
"""

import re
import unicodedata
from collections.abc import Iterator
from hashlib import sha256

from monitor.domain import Chart, Link, Message, MessageKind

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_MARKS = frozenset(("Mn", "Me"))
MOST_MARKS = 4
_KEPT = "\n\t\u200b\u200d"  # the zero-width space keeps a stranger's @name from pinging
_PINGS = re.compile(r"@(?=everyone|channel|here|all\b)|<(?=[!@#])", re.IGNORECASE)
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


def plain(text: str) -> str:
    """Text that cannot steer a terminal, turn the reading direction, ping a whole channel, or pile up marks over other
    lines: the last guard.

    Messages come harmless already; this holds whoever wrote them, and doing it twice is doing it once.

    >>> plain("a\\x1b[31mb\\u202ec @everyone") == "a[31mbc @\\u200beveryone"
    True
    """
    return _PINGS.sub(lambda found: found.group() + "\u200b", "".join(_shown(text)))


def _shown(text: str) -> Iterator[str]:
    """The letters that stay: none that is hidden, and no more marks above and below one than any script has."""
    marks = 0
    for letter in text:
        category = unicodedata.category(letter)
        if category in _HIDDEN and letter not in _KEPT:
            continue
        marks = marks + 1 if category in _MARKS else 0
        if marks <= MOST_MARKS:
            yield letter


def line(text: str) -> str:
    """The same in one line."""
    return " ".join(plain(text).split())


def title(message: Message) -> str:
    """The title in one line; a repeat says so, since the receiver may have it already, and so does a stand-in.

    >>> title(Message(key="k", title="Acme: 31 negative posts", body="", severity="low", brand="Acme", repeat=True))
    '[repeat] Acme: 31 negative posts'
    """
    words = line(message.title)
    marks = ["repeat"] if message.repeat else []
    marks += [f"instead of {line(message.instead_of)}"] if message.instead_of else []
    marks += ["drill"] if message.drill and "drill" not in words.casefold() else []
    marks += ["test"] if message.kind is MessageKind.TEST and "test" not in words.casefold() else []
    return "".join(f"[{mark}] " for mark in marks) + words


def body(message: Message, *, most: int | None = None) -> str:
    """The body with its links, ready to be sent; never empty, since some receivers refuse that.

    Of one that is longer than `most` letters the end of the words is cut, and not the links, while they leave room.
    """
    words = plain(message.body).strip("\n") or title(message)
    acts = "\n".join(f"{line(each.label)}: {each.url}" for each in links(message) if each.url not in message.body)
    if not acts:
        return words
    room = None if most is None else most - len(acts) - 2
    if room is not None and room < len(words):
        words = words[: room - 1] + "…" if room > 80 else words
    return f"{words}\n\n{acts}"


def links(message: Message) -> tuple[Link, ...]:
    """Those that lead to the web: nothing else is ever shown as a link."""
    found = (each for each in message.links if each.url.startswith(("https://", "http://")))
    return tuple(each for each in found if each.url.isascii() and each.url.isprintable() and " " not in each.url)


def told(message: Message) -> str:
    """The key as it may stand in a header: letters, digits, - and _; a key of other letters as its digest.

    >>> told(Message(key="a1", title="", body="", severity="", brand="")), len(told(Message(key="ä\\n", title="",
    ... body="", severity="", brand="")))
    ('a1', 64)
    """
    if _PLAIN_KEY.fullmatch(message.key):
        return message.key
    return sha256(message.key.encode("utf-8", "backslashreplace")).hexdigest()


def subject(message: Message) -> str:
    """What all messages of one incident share; one that is of no incident has its own."""
    number = message.facts.get("incident")
    about = f"{message.brand}/{message.facts.get('rule')}/{message.key if number is None else number}"
    return sha256(about.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def picture_in_words(chart: Chart | None) -> str:
    """What a chart shows, for those who do not see it."""
    seen = [point for point in chart.points if point.observed is not None] if chart else []
    if chart is None or not seen:
        return "Chart"
    peak = max(seen, key=lambda point: point.observed or 0.0)
    usual = "" if peak.expected is None else f", where {peak.expected:,.1f} are usual"
    return line(f"Chart: {chart.title}. At most {peak.observed:,.0f} {chart.unit}{usual}.")
