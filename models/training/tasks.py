"""What the encoder learns from: the rows of each task, and those kept from it to measure on.

Part of models/training/: reads the data folder; knows nothing of torch. A text that is kept to measure any answer is
dropped from the training rows of all of them, whatever its links, handles and capitals.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.text import normalise
from models.training.contrast import joined_posts, two_clauses
from models.training.data import LabelledPost, read_posts, split_latest
from models.training.recipe import HEADS, Recipe, head_of

HELD_OUT_TRADES = ("electronics", "food")  # complaints about these are kept to measure on unseen trades
HELD_OUT_TOUCHPOINTS = ("airlines", "fashion_retail", "gyms_and_health_clinics", "energy_and_water_utilities")
TOUCHPOINTS = Path(__file__).parent / "touchpoints"
_HELD_OUT_REST = 5  # every fifth row without a trade is kept as well
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Split:
    """One task's rows: `kept` to learn from, `held` to measure on; `head` answers them."""

    head: str
    kept: Sequence[LabelledPost]
    held: Sequence[LabelledPost]


@dataclass(slots=True)
class Splits:
    """All that the data folder offers: the tasks by name, the posts that fit temperatures, the latest posts.

    `stream` is of another trade; it is measured on where it is there, and nothing is learnt or chosen from it.
    """

    tasks: dict[str, Split] = field(default_factory=dict)
    validation: Sequence[LabelledPost] = ()
    latest: Sequence[LabelledPost] = ()
    stream: Sequence[LabelledPost] = ()


def read(folder: Path, recipe: Recipe) -> Splits:
    """Read every task that the recipe names. Raises DataMissing where its file is absent or cannot be used."""
    validation = read_posts(folder / "sentiment" / "val.jsonl")
    kept, latest = split_latest(read_posts(folder / "sentiment" / "train.jsonl"), recipe.hold_out_latest)
    found = Splits({"sentiment": Split("sentiment", kept, latest)}, validation, latest, _stream(folder))
    for name in recipe.passes:
        if name == "target":
            found.tasks[name] = _toward(folder, latest)
        elif name == "complaint":
            found.tasks[name] = _complaints(folder)
        elif name == "grievance":
            found.tasks[name] = _grievances(folder)
        elif name == "touchpoints":
            found.tasks[name] = touchpoints()
        elif name in HEADS and name != "sentiment":
            found.tasks[name] = _plain(folder, name)
    held = {_key(post) for split in found.tasks.values() for post in split.held} | {_key(post) for post in validation}
    found.tasks = {
        name: Split(split.head, [post for post in split.kept if _key(post) not in held], split.held)
        for name, split in found.tasks.items()
    }
    return found


def to_learn(found: Splits, recipe: Recipe) -> dict[str, list[LabelledPost]]:
    """The posts of each task as they are read in training: some with a word as the target, and those made of others."""
    chance = random.Random(f"{recipe.seed}/targets")
    toward = found.tasks["target"].kept if "target" in found.tasks else ()
    made = {
        "joined": joined_posts(toward, recipe.joined, chance),
        "clauses": two_clauses(_targets(toward), recipe.clauses, chance),
    }
    kept = {name: list(split.kept) for name, split in found.tasks.items()} | made
    return {name: _as_read(name, kept[name], recipe.named, chance) for name in recipe.passes}


def _targets(posts: Sequence[LabelledPost]) -> list[str]:
    return sorted({post.target for post in posts if post.target})


def _as_read(name: str, posts: list[LabelledPost], share: float, chance: random.Random) -> list[LabelledPost]:
    return posts if head_of(name) == "sentiment" else with_words_as_targets(posts, share, chance)


def _key(post: LabelledPost) -> str:
    return normalise(post.text).casefold()


def _stream(folder: Path) -> list[LabelledPost]:
    file = folder / "streams" / "airlines.jsonl"
    return read_posts(file) if file.is_file() else []


def _toward(folder: Path, latest: Sequence[LabelledPost]) -> Split:
    """Kept to measure: rows whose text is among the latest posts; no other row about their targets is learnt from."""
    rows = read_posts(folder / "target_sentiment" / "train.jsonl")
    texts = {_key(post) for post in latest}
    held = [post for post in rows if _key(post) in texts]
    unseen = {post.target for post in held}
    return Split("sentiment", [post for post in rows if post.target not in unseen], held)


def _complaints(folder: Path) -> Split:
    rows = read_posts(folder / "complaints" / "train.jsonl", "complaint")
    held = [post for number, post in enumerate(rows) if _held_complaint(number, post)]
    away = set(map(id, held))
    return Split("complaint", [post for post in rows if id(post) not in away], held)


def _grievances(folder: Path) -> Split:
    """Complaints again, as negative sentiment: who states a breach of what was owed is unhappy, however calmly."""
    told = _complaints(folder).kept
    return Split("sentiment", [replace(post, label=0) for post in told if post.label], ())


def _held_complaint(number: int, post: LabelledPost) -> bool:
    trade = post.domain or ""
    return trade in HELD_OUT_TRADES or (trade.startswith("random") and number % _HELD_OUT_REST == 0)


def touchpoints(folder: Path = TOUCHPOINTS) -> Split:
    """Our own posts of invented brands, a file for each trade; whole trades are kept to measure on."""
    kept: list[LabelledPost] = []
    held: list[LabelledPost] = []
    for file in sorted(folder.glob("*.jsonl")):
        (held if file.stem in HELD_OUT_TOUCHPOINTS else kept).extend(_touched(file))
    return Split("touchpoints", kept, held)


def _touched(file: Path) -> list[LabelledPost]:
    names = HEADS["touchpoints"]
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        LabelledPost(row["text"], -1, domain=file.stem, several=tuple(sorted(map(names.index, row["touchpoints"]))))
        for row in rows
    ]


def _plain(folder: Path, head: str) -> Split:
    kept, held = (read_posts(folder / head / f"{part}.jsonl", head) for part in ("train", "val"))
    return Split(head, kept, held)


def with_words_as_targets(posts: Sequence[LabelledPost], share: float, chance: random.Random) -> list[LabelledPost]:
    """The same posts, a random `share` of them with one of their own words as the target."""
    return [_named(post, chance) if chance.random() < share else post for post in posts]


def _named(post: LabelledPost, chance: random.Random) -> LabelledPost:
    words = [word for word in _WORD.findall(normalise(post.text)) if word not in ("http", "user")]
    return replace(post, target=chance.choice(words)) if words else post
