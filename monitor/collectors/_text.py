"""HTML as platforms send it, to plain text. Knows no platform."""

import html
import re

import nh3

from monitor.domain import MAX_TEXT
from monitor.post_fields import tidy

_BREAKS = re.compile(r"<(?:br|/?(?:p|div|li|ul|ol|tr|h[1-6]|blockquote|pre|table|section|article))\b", re.IGNORECASE)
_LONGEST = 20 * MAX_TEXT  # characters of markup that are looked at


def plain(markup: str) -> str:
    r"""Text without tags, scripts and styles, a line for each block; entities are resolved once.

    >>> plain("<p>It&#x27;s <i>late</i></p><p>again<script>x()</script> &lt;b&gt;")
    "It's late\nagain <b>"
    """
    if "<" in markup or "&" in markup:
        marked = _BREAKS.sub(lambda found: "\n" + found[0], markup[:_LONGEST])
        bare = nh3.clean(marked, tags=set(), clean_content_tags={"script", "style"}, strip_comments=True)
        markup = html.unescape(bare)
    return tidy(squeezed(markup))


def squeezed(text: str) -> str:
    r"""Text without empty lines and runs of blanks.

    >>> squeezed(" a  b \n\n\n c ")
    'a b\nc'
    """
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
