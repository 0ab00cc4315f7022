"""What every notifier does to a message's text before it leaves. Knows no receiver."""

import re
import unicodedata

from monitor.domain import Message

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_KEPT = "\n\t\u200b\u200d"  # the zero-width space keeps a stranger's @name from pinging
_PINGS = re.compile(r"@(?=everyone|channel|here|all\b)|<(?=[!@#])", re.IGNORECASE)


def plain(text: str) -> str:
    """Text that cannot steer a terminal, turn the reading direction or ping a whole channel: the last guard.

    Messages come harmless already; this holds whoever wrote them, and doing it twice is doing it once.

    >>> plain("a\\x1b[31mb\\u202ec @everyone") == "a[31mbc @\\u200beveryone"
    True
    """
    shown = "".join(letter for letter in text if letter in _KEPT or unicodedata.category(letter) not in _HIDDEN)
    return _PINGS.sub(lambda found: found.group() + "\u200b", shown)


def title(message: Message) -> str:
    """The title in one line; a repeat says so, since the receiver may have it already.

    >>> title(Message(key="k", title="Acme: 31 negative posts", body="", severity="low", brand="Acme", repeat=True))
    '[repeat] Acme: 31 negative posts'
    """
    return ("[repeat] " if message.repeat else "") + " ".join(plain(message.title).split())


def body(message: Message) -> str:
    """The body, ready to be sent; never empty, since some receivers refuse that."""
    return plain(message.body).strip("\n") or title(message)
