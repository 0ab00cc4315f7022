"""How often posts are called foreign: which share of files of posts whose language is known.

    python -m benchmarks.languages [--home en,de] [--rows N] [--words N] [--seed 1] [--out FILE.json] FILE.jsonl …

Each line of a file is an object with `text`. `--rows` takes so many at random; `--words` cuts each post at random to
at most so many words, to see how short posts fare. Prints a row for each file, with what the foreign ones were
named, and writes the same as JSON. It identifies by letters alone: platforms' tags are not asked.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from models.language import recognise


@dataclass(frozen=True)
class Row:
    """What was found in one file."""

    file: str
    posts: int
    foreign: int
    named: dict[str, int]  # code → posts, of the foreign ones; "?" where the language was not certain
    per_second: float

    @property
    def share(self) -> float:
        """Foreign posts of all."""
        return self.foreign / self.posts if self.posts else 0.0


def main(words: Sequence[str] | None = None) -> int:
    """Measure every file, print the table, write the JSON."""
    given = _parser().parse_args(words)
    rows = [measured(path, given.home.split(","), given.rows, given.words, given.seed) for path in given.files]
    print(f"{'file':40}{'posts':>8}{'foreign':>9}{'share':>9}  named")
    for row in rows:
        named = ", ".join(f"{code} {count}" for code, count in list(row.named.items())[:5])
        print(f"{row.file[-38:]:40}{row.posts:>8}{row.foreign:>9}{row.share:>9.2%}  {named}")
    if given.out:
        given.out.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    return 0


def measured(path: Path, home: Sequence[str], rows: int | None, words: int | None, seed: int) -> Row:
    """What is called foreign among the posts of a file."""
    chance = random.Random(seed)
    with path.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines if line.strip()]
    texts = chance.sample(texts, min(rows, len(texts))) if rows else texts
    texts = [_cut(text, words, chance) for text in texts] if words else texts
    recognise(texts[:1], home=home)  # loads the identifier
    begun = time.perf_counter()
    found = [each for each in recognise(texts, home=home) if each.foreign]
    seconds = time.perf_counter() - begun
    named = Counter(each.language or "?" for each in found)
    return Row(str(path), len(texts), len(found), dict(named.most_common()), round(len(texts) / seconds, 1))


def _cut(text: str, most: int, chance: random.Random) -> str:
    """One to `most` words in a row, from anywhere in the post; handles and links are none."""
    words = [word for word in text.split() if not word.startswith(("@", "http"))]
    length = chance.randint(1, most)
    start = chance.randrange(max(1, len(words) - length + 1))
    return " ".join(words[start : start + length])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how often posts are called foreign.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--home", default="en", help="languages that are not foreign, as in en,de")
    parser.add_argument("--rows", type=int, help="so many posts of each file, at random")
    parser.add_argument("--words", type=int, help="cut each post to at most so many words")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
