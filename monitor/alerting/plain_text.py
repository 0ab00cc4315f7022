"""Makes strangers' text harmless in a message that is plain text: it can say what it likes, and do nothing.

Nothing in it moves the cursor, turns the reading direction, pings a person or a channel, or hides a link behind
words. What is done is visible as little as possible: a zero-width space breaks what a chat program would act on.
Knows no platform and no receiver: everything is broken that any of the usual ones acts on.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

QUOTED = 200  # characters of a post that a message shows

_BREAK = "\u200b"
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))  # control, direction and tag characters, halves of letters
_KEPT = "\n\u200d"  # the latter holds emoji of several parts together
_ACTS = re.compile(
    r"@(?=\w)"  # @everyone, @channel, @name
    r"|<(?=\S)"  # <!here>, <@U123>, <https://…|words>, <script>
    r"|\](?=[(\[:])"  # [words](link), [words][link], [link]: …
    r"|`(?=`)"  # ``` opens a block of code, which would swallow the lines below
)
_MASS = re.compile(r"@(?=everyone|channel|here|all\b)", re.IGNORECASE)


class Harmless(str):
    """What goes into a message as it is: an address that `link` has checked, or a name of ours."""

    __slots__ = ()


def neutral(text: str) -> str:
    """A text that is only to be read: no control or direction characters, no pings, no hidden links.

    Line breaks stay. Doing it twice is the same as doing it once.

    >>> neutral("hi @everyone [win](http://e.vil)\\u202e\\x1b[2J") == "hi @\\u200beveryone [win]\\u200b(http://e.vil)[2J"
    True
    """
    shown = "".join(letter for letter in text if letter in _KEPT or unicodedata.category(letter) not in _HIDDEN)
    return _ACTS.sub(lambda found: found.group() + _BREAK, shown)


def quoted(text: str, limit: int = QUOTED) -> str:
    """One line of a stranger's text, harmless, cut at a word where that is near.

    >>> quoted("down  again\\nand again", 12)
    'down again…'
    """
    line = " ".join(text[: 20 * limit].split())
    if len(line) > limit:
        head = line[: limit - 1]
        space = head.rfind(" ")
        line = (head[:space] if space > limit * 0.7 else head).rstrip() + "…"
    return neutral(line)


def link(address: str | None) -> Harmless | None:
    """An address as a message may show it, or None where it is no plain http(s) address.

    >>> link("https://example.org/@joe/1?a=b")
    'https://example.org/@joe/1?a=b'
    >>> link("javascript:alert(1)"), link("https://bank.example@evil.example/"), link(None)
    (None, None, None)
    """
    if not address or len(address) > 2_000:
        return None
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    safe = quote(parts.geturl(), safe="/:?#@!$&'*+,;=%~-._", errors="replace")
    return Harmless(_MASS.sub("%40", safe))
