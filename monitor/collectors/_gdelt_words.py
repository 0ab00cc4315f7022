"""GDELT's own ways of speaking: names of languages, searches, refusals in plain text, JSON that is not quite JSON.

Knows no network and no cursor.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

LONGEST = 240  # characters of a search; GDELT refuses somewhat more without saying how many
SHORTEST = 4  # a shorter name may be refused as too short or too common: it is asked for alone
_BUSY = re.compile(r"limit requests|too many requests|one every \d+ seconds|try again later", re.IGNORECASE)
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')  # a backslash, and what it may stand before
_ABOUT_THE_SEARCH = re.compile(r"\b(quer(y|ies)|search|phrase|keywords?|terms?|timespan)\b", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<", re.ASCII)

# Names as GDELT 2.0 writes them (its list of 65 translated languages) → ISO 639-1.
_LANGUAGES: dict[str, str] = dict(
    re.findall(
        r"(\w+):(\w+)",
        "Afrikaans:af Albanian:sq Arabic:ar Armenian:hy Azerbaijani:az Bengali:bn Bosnian:bs Bulgarian:bg Catalan:ca"
        " Chinese:zh Croatian:hr Czech:cs Danish:da Dutch:nl English:en Estonian:et Finnish:fi French:fr Galician:gl"
        " Georgian:ka German:de Greek:el Gujarati:gu Hebrew:he Hindi:hi Hungarian:hu Icelandic:is Indonesian:id"
        " Italian:it Japanese:ja Kannada:kn Kazakh:kk Korean:ko Latvian:lv Lithuanian:lt Macedonian:mk Malay:ms"
        " Malayalam:ml Marathi:mr Mongolian:mn Nepali:ne Norwegian:no Norwegiannynorsk:nn Persian:fa Polish:pl"
        " Portuguese:pt Punjabi:pa Romanian:ro Russian:ru Serbian:sr Sinhalese:si Slovak:sk Slovenian:sl Somali:so"
        " Spanish:es Swahili:sw Swedish:sv Tamil:ta Telugu:te Thai:th Tibetan:bo Turkish:tr Ukrainian:uk Urdu:ur"
        " Vietnamese:vi",
    )
)


def language(name: object) -> str | None:
    """ISO 639-1 of a language's English name; None where it is not known.

    >>> language("Portuguese"), language("english"), language("Klingon"), language(None)
    ('pt', 'en', None, None)
    """
    return _LANGUAGES.get(name.strip().capitalize()) if isinstance(name, str) else None


def searches(names: Iterable[str]) -> tuple[str, ...]:
    """Names as few searches: phrases, in brackets where there are several, as GDELT refuses brackets around one.

    >>> searches(["Acme", "Acme", 'Big "A" Corp', "HP"])
    ('"HP"', '("Acme" OR "Big A Corp")')
    """
    bare = (" ".join(re.sub(r'["()]', " ", name).split()) for name in names)
    short: list[str] = []
    groups: list[list[str]] = []
    for name in dict.fromkeys(name for name in bare if name):
        if len(name) < SHORTEST:
            short.append(f'"{name}"')
        elif groups and len(" OR ".join(groups[-1])) + len(name) + 8 <= LONGEST:
            groups[-1].append(f'"{name}"')
        else:
            groups.append([f'"{name}"'])
    joined = (group[0] if len(group) == 1 else f"({' OR '.join(group)})" for group in groups)
    return (*short, *joined)


def is_busy(text: str) -> bool:
    """Whether a text in place of an answer asks us to wait.

    >>> is_busy("Please limit requests to one every 5 seconds"), is_busy("Your query was too short or too long.")
    (True, False)
    """
    return bool(_BUSY.search(text[:2_000]))


def is_refusal(text: str) -> bool:
    """Whether a text in place of an answer speaks of the search, so that asking again is no use.

    >>> is_refusal("Your query was too short or too long."), is_refusal("<b>query</b>"), is_refusal("oops")
    (True, False, False)
    """
    return bool(_ABOUT_THE_SEARCH.search(text[:2_000])) and not _MARKUP.match(text)


def document(text: str) -> Any:
    """The JSON of an answer, mended where titles hold stray backslashes or control signs. Raises ValueError.

    >>> document('{"title": "C:\\\\Windows"}')
    {'title': 'C:\\\\Windows'}
    """
    try:
        return json.loads(text, strict=False, parse_constant=lambda _: None)
    except ValueError:
        mended = _ESCAPE.sub(lambda found: found[0] if found[1] else "\\\\", text)
        return json.loads(mended, strict=False, parse_constant=lambda _: None)
