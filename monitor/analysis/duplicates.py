"""Copies of one text: which posts say what another said before, and so belong to its story. Pure; knows no store.

A story is the first text that was read of it. A later post joins when it has the same words, when it says itself that
it repeats or quotes another and adds little, or when its words are nearly the same. Texts are compared with the story's
first one, never with another copy, so that no chain of small changes leads from one text to an unlike one.

Nearly the same: of the runs of five characters that either text has, at least `ALIKE` are in both (Jaccard), as
estimated by MinHash (Broder 1997) with 128 permutations; the standard error there is 0.04. Candidates are found by
bands of the signature (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4): eight bands of four rows find a
pair of 0.7 in 89 of 100 cases, of 0.8 in 985 of 1,000; and each copy that is found adds its own bands to its story's. A
shared band alone joins nothing. Texts with other numbers in them (an order, a flight, minutes) share no band: people
whose complaints are alike but for those have one trouble each. A text's last word is no such number: senders of copies
put theirs there.

`ALIKE` and `ALIKE_WORDS` were chosen by reading the pairs of 0.6 or more among 8,500 texts of a service crisis. Where
both had twelve words or more, every pair was a copy or one person's second version; of shorter ones, five of eleven
were strangers who said a common thing alike. One word changed among twelve leaves about 0.75, two among twenty 0.7, a
new introduction before a headline 0.8.
"""

import hashlib
import html
import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import eq

import rensa

from monitor.domain import Mention

STORY_WORDS = 6  # texts with fewer ("so slow today") are said by many people on their own: they are not compared
STORY_KEPT = timedelta(days=2)  # a text that nobody repeats for so long begins anew
STORY_REFRESH = timedelta(hours=1)  # a key that led to its story so recently is not written again
ALIKE = 0.7  # Jaccard
ALIKE_WORDS = 12  # shorter texts join by the very same words only
PERMUTATIONS, BANDS, ROWS, SEED = 128, 8, 4, 1
MAX_READ, MAX_COMPARED = 8_000, 2_000  # characters of a text, of its words: a longer one is known by its beginning

_RUN = 5  # characters
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# Vowel signs and the like are no letters to `\w`, but parts of words.
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_NOISE = re.compile(rf"https?://\S+|www\.\S+|@\w[\w.@-]*|[^\w\s#{_MARKS}]+")
_REPEATS = re.compile(r"(?:^|\s)rt\s*@(\w[\w.@-]*)\s*:?")
_NUMBER = re.compile(r"[^\W\d]{0,3}\d+[^\W\d]{0,3}")  # 40, AC123, 20min; not "really7"
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")  # scripts without spaces


@dataclass(frozen=True, slots=True)
class Text:
    """What a post says, for comparison: without links, handles, signs, and who is repeated."""

    words: str  # with single spaces, in lower case
    size: int  # how many words these are
    repeats: str | None = None  # handle of the one that it says it repeats ("RT @ann: …")

    @property
    def whole(self) -> bool:
        """Whether it is long enough to be known by its words alone."""
        return self.size >= STORY_WORDS

    @property
    def comparable(self) -> bool:
        """Whether it is long enough for being nearly another to mean something."""
        return self.size >= ALIKE_WORDS


@dataclass(frozen=True, slots=True)
class Copy:
    """A post as grouping sees it."""

    at: datetime  # when it was published
    names: tuple[int, ...]  # what it is called in the index, the surest first; the last is itself
    text: str = ""  # its words where they may be compared
    words: int | None = None  # which of the names stands for these words


@dataclass(frozen=True, slots=True)
class Sketch:
    """A text in 128 bytes for comparing, and the keys under which texts like it with the same numbers are found."""

    signature: bytes
    bands: tuple[int, ...]


@dataclass(slots=True)
class Groups:
    """The stories that are known, while one batch of posts is put into them; what is new of them is kept apart."""

    keys: dict[int, tuple[int, datetime | None]]  # name or band → story, and when it was last said (None: always valid)
    signatures: dict[int, bytes]  # of the stories that may be candidates
    fresh: set[int] = field(default_factory=set)  # keys to be remembered
    touched: dict[int, datetime] = field(default_factory=dict)  # stories with words, and when they were last said

    def needs_sketch(self, post: Copy) -> bool:
        """Whether the post's words were not read before, so that they are compared, and later ones with them."""
        return bool(post.text) and post.words is not None and self._valid(post.words, post.at) is None

    def place(self, post: Copy, sketch: Sketch | None = None) -> int:
        """The story of a post. Call it for one post after the other, in the order in which votes count.

        `sketch` is that of its text, where it was made already.
        """
        sketch = (sketch or sketch_of(post.text)) if self.needs_sketch(post) else None
        story = self._named(post)
        if story is None and sketch is not None:
            story = self._alike(post, sketch)
        if story is None:
            story = post.names[0]
        self._remember(post, story, sketch)
        return story

    def _named(self, post: Copy) -> int | None:
        return next((story for name in post.names if (story := self._valid(name, post.at)) is not None), None)

    def _alike(self, post: Copy, sketch: Sketch) -> int | None:
        """The most similar candidate, if it is similar enough; of equals the lower number."""
        candidates = {story for band in sketch.bands if (story := self._valid(band, post.at)) is not None}
        likeness = {c: alike(sketch.signature, self.signatures[c]) for c in candidates if c in self.signatures}
        best = min(likeness, key=lambda story: (-likeness[story], story), default=None)
        return best if best is not None and likeness[best] >= ALIKE else None

    def _valid(self, key: int, at: datetime) -> int | None:
        story, said = self.keys.get(key, (None, None))
        return story if said is None or abs(at - said) <= STORY_KEPT else None

    def _remember(self, post: Copy, story: int, sketch: Sketch | None) -> None:
        *lasting, own = post.names
        self.keys[own] = (story, None)  # for quotes later in the batch; after it, the post itself is there to be asked
        for key in lasting:  # the first story that has a name keeps it
            if self._valid(key, post.at) in (None, story):
                self._keep(key, story, post.at)
        for key in sketch.bands if sketch else ():  # of a band, the latest
            self._keep(key, story, post.at)
        if post.text:
            self.touched[story] = max(self.touched.get(story, post.at), post.at)
            if sketch:
                self.signatures.setdefault(story, sketch.signature)

    def _keep(self, key: int, story: int, at: datetime) -> None:
        before, said = self.keys.get(key, (None, None))
        if before is not None and said is None:
            return
        if before != story or said is None or at - said >= STORY_REFRESH:
            self.keys[key] = (story, at)
            self.fresh.add(key)


def copy_of(mention: Mention) -> Copy:
    """A post as grouping sees it: by which names its story may be known already."""
    said = text_of(mention.text)
    words = number("text", said.words) if said.whole else None
    names = tuple(_names(mention, said, words))
    return Copy(mention.published_at, names, said.words[:MAX_COMPARED] if said.comparable else "", words)


def _names(mention: Mention, said: Text, words: int | None) -> Iterator[int]:
    if mention.quoted and (said.repeats is not None or not said.whole):
        yield name_of(mention.platform, mention.quoted)
    speaker = said.repeats or mention.author.handle
    if words is not None:
        yield words
    elif said.words and speaker:  # a short text is a copy only where it says whose
        yield number("said", mention.platform, speaker.casefold(), said.words)
    yield name_of(mention.platform, mention.native_id)


def name_of(platform: str, native_id: str) -> int:
    """What a post is called in the index."""
    return number("post", platform, native_id)


def text_of(text: str) -> Text:
    """What a post says, whoever is addressed, whatever is linked, and in whichever letters it is disguised.

    >>> text_of("RT @ann: Never AGAIN, @acme!! \U0001f621 https://t.co/1")
    Text(words='never again', size=2, repeats='ann')
    >>> text_of("So true! RT @ann: the parcel from Acme never came")
    Text(words='the parcel from acme never came', size=6, repeats='ann')
    """
    text = text[:MAX_READ]
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", html.unescape(text) if "&" in text else text)).casefold()
    found = _REPEATS.search(plain)
    if found:
        own, repeated = _words(plain[: found.start()]), _words(plain[found.end() :])
        if repeated and _size(own) < STORY_WORDS:
            return Text(" ".join(repeated), _size(repeated), found[1])
    words = _words(plain)
    return Text(" ".join(words), _size(words))


def _words(plain: str) -> list[str]:
    return _NOISE.sub(" ", plain).split()


def _size(words: Sequence[str]) -> int:
    """How many words; where a script has no spaces, two signs stand for one."""
    text = "".join(words)
    return len(words) + (0 if text.isascii() else len(_UNSPACED.findall(text)) // 2)


def sketch_of(words: str) -> Sketch:
    """The signature of a text and its bands. The same words give the same numbers, in any process.

    >>> text = "the parcel from acme never came and nobody answers"
    >>> one, other = sketch_of(text), sketch_of(text + " us")
    >>> round(alike(one.signature, other.signature), 1), alike(one.signature, one.signature)
    (0.9, 1.0)
    """
    runs = {words[start : start + _RUN] for start in range(max(1, len(words) - _RUN + 1))}
    hashed = rensa.RMinHash(PERMUTATIONS, SEED)
    hashed.update(runs)
    digest = hashed.digest()
    numbers = " ".join(word for word in words.split()[:-1] if _NUMBER.fullmatch(word)).encode()
    bands = (_band(place, digest[place * ROWS : (place + 1) * ROWS], numbers) for place in range(BANDS))
    return Sketch(bytes([value & 255 for value in digest]), tuple(bands))


def _band(place: int, rows: Sequence[int], numbers: bytes) -> int:
    # Should the library ever hash otherwise, old bands find nothing: better than to find what is unlike.
    return _digest(struct.pack(f"<HH{ROWS}I", rensa.RMinHash.ALGORITHM_VERSION, place, *rows) + numbers)


def alike(one: bytes, other: bytes) -> float:
    """Estimated Jaccard similarity of two texts, from one byte of each permutation.

    One in 256 bytes is equal by chance, which is taken out again (Li & König 2010, b-bit minwise hashing).
    """
    chance = 1 / 256
    same: float = sum(map(eq, one, other)) / PERMUTATIONS
    return max(0.0, (same - chance) / (1 - chance))


def number(*parts: str) -> int:
    """Words as a 63-bit number that every process computes alike."""
    return _digest("\0".join(parts).encode("utf-8", "replace"))


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1
