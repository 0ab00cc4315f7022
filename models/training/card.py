"""The card of a trained model: what it was made from, how good it is, where it fails; all of it measured.

Part of models/training/: knows figures, recipes and files of ours; nothing of torch. Sentences of our own stand for the
failures, because the posts that were measured on are other people's words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from models import reliability
from models.evaluate import Judged, card_table, measured, surest
from models.training.recipe import Recipe
from models.values import Scorer, label_of

_NOTE = "recipe.json"
SENTENCES = Path(__file__).parent / "sentences.jsonl"
_TITLES: Mapping[str, str] = {
    "validation": "**Validation**: TweetEval's validation split of sentiment",
    "latest": "**Later posts**: the latest of the training file, kept from training",
    "stream": "**Unseen stream**: Twitter US Airline Sentiment, three airlines, February 2015: another trade",
    "target": "**Toward a target**: later posts about targets of which nothing was learnt",
    "target, unread": "**The same posts with the target left unread**",
    "complaint": "**Complaints**: trades that were not learnt from, and posts without a trade",
    "emotion": "**Emotion**: TweetEval's validation split",
    "irony": "**Irony**: TweetEval's validation split",
    "offensive": "**Offensive**: TweetEval's validation split",
    "touchpoints": "**Touchpoints**: our own posts of trades that were not learnt from",
}
_FIGURES = """\
From the folder as it ships (int8, temperatures applied). Nothing of these sets was learnt from. The temperatures were
fitted on them, that of plain sentiment on validation; where its classes part was chosen on validation and the later
posts. Nothing was learnt from the unseen stream or fitted on it; it was looked at between the stages."""
_FAILURES = """\
{right} of {tried} sentences of our own (models/training/sentences.jsonl, many of them hard on purpose) are answered as
a person would. These are not:"""
_LICENCES = """\
- Base weights and vocabulary of the encoder that ships: Apache-2.0 (all-MiniLM-L6-v2; before it MiniLM, MIT, and BERT's
  vocabulary, Apache-2.0). Base weights of its teacher: Apache-2.0 (all-mpnet-base-v2; before it MPNet, MIT).
- SemEval 2013–2016 Task 4 (sentiment, toward a target), SemEval 2018 Task 1 (emotion) and Task 3 (irony), OffensEval
  2019 (offensive), the last three as in TweetEval, and the complaints of Preoţiuc-Pietro, Gaman & Aletras (ACL 2019):
  provided for research. No post is in this repository; only weights were learnt from them.
- The posts about touchpoints (models/training/touchpoints/) and the clauses about two names: our own, Apache-2.0.
- The resulting files: Apache-2.0, see NOTICE."""


def note(work: Path, recipe: Recipe, rows: Mapping[str, int]) -> None:
    """Keep what a stage is made from beside its checkpoints: the recipe, and how many rows each task had."""
    noted = {"recipe": asdict(recipe), "rows": dict(rows)}
    (work / _NOTE).write_text(json.dumps(noted, indent=2) + "\n", encoding="utf-8")


def _noted(work: Path) -> tuple[Recipe, dict[str, int]]:
    kept = json.loads((work / _NOTE).read_text(encoding="utf-8"))
    return Recipe(**kept["recipe"]), kept["rows"]


def text(name: str, size: int, stages: Sequence[Path], judged: Mapping[str, Judged], scorer: Scorer, chart: str) -> str:
    """The card in Markdown. `size` in bytes; `stages` the folders that `note` wrote to; `chart` a file beside it."""
    figures = (f"{_TITLES.get(name, name)}\n\n{card_table(measured(found))}" for name, found in judged.items())
    wrong, tried = failures(scorer)
    notes = [_noted(stage) for stage in stages]
    parts = (
        f"# {name}",
        _summary(size, notes[-1][0]),
        "## How it was made",
        "`python -m models.training --data FOLDER --out FOLDER --card FILE`, in stages:",
        "\n".join(_stage(number, recipe, rows) for number, (recipe, rows) in enumerate(notes, 1)),
        "## Figures",
        _FIGURES,
        *figures,
        f"![Reliability chart: how sure the model was against how often it was right]({chart})",
        "## Known failures",
        _FAILURES.format(right=len(tried) - len(wrong), tried=len(tried)),
        "| text | toward | it says | should be | |\n|---|---|---|---|---|\n" + "\n".join(wrong),
        "## Licences of what went in",
        _LICENCES,
    )
    return "\n\n".join(parts) + "\n"


def reliability_chart(judged: Mapping[str, Judged]) -> str:
    """The later posts' chart (SVG), or that of the first set there is."""
    found = judged.get("latest") or next(iter(judged.values()))
    return reliability.svg(reliability.bins(*surest(found)), "Sentiment of later posts")


def failures(scorer: Scorer) -> tuple[list[str], list[dict[str, str]]]:
    """Rows of a table of the sentences that are answered wrongly, and all sentences."""
    rows: list[dict[str, str]] = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    said = scorer.predict([row["text"] for row in rows], [row.get("target") for row in rows])
    wrong = []
    for row, found in zip(rows, said, strict=True):
        label = label_of(found.sentiment, 0.0)
        if label != row["label"]:
            cells = (row["text"], row.get("target", ""), f"{label}, {found.sentiment.confidence:.2f}", row["label"])
            wrong.append(f"| {' | '.join(cells)} | {row['why']} |")
    return wrong, rows


def _summary(size: int, recipe: Recipe) -> str:
    return (
        "Short English posts, one pass, many answers: sentiment in three classes, sentiment toward a target that the "
        "text names, complaint, emotion (anger, joy, optimism, sadness), irony, offensive, touchpoints; and a sentence "
        f"embedding. Texts of at most {recipe.max_tokens} word pieces; {size / 1e6:.1f} MB on disk; "
        "needs neither torch nor a network.\n\n"
        "A target is read as a second segment after the text, where the text names it; elsewhere the answer is the "
        "plain one. Handles are read as `@user`, so a handle names nobody. Other languages than English were not "
        "measured: the program calls such posts unsure."
    )


def _stage(number: int, recipe: Recipe, rows: Mapping[str, int]) -> str:
    base = {"mpnet": "all-mpnet-base-v2 (110 M weights)", "minilm": "all-MiniLM-L6-v2 (22.7 M weights)"}[recipe.base]
    base = "The same, from where that stage ended" if recipe.goes_on else base
    taught = (
        f" The first stage is its teacher: its opinion of every answer about every row, at weight {recipe.teacher:g} "
        f"beside the labels at {recipe.labels:g}; the base's sentence embedding is kept at weight {recipe.meaning:g}."
        if recipe.teacher
        else ""
    )
    passes = ", ".join(f"{name} {rows[name]:,} × {recipe.passes[name]:g}" for name in rows)
    return (
        f"{number}. {base}, {recipe.epochs} epoch{'s' * (recipe.epochs > 1)} in steps of {recipe.batch}, seed "
        f"{recipe.seed}, rate {recipe.rate:g} at the top and × {recipe.layer_decay:g} a layer down, the lowest "
        f"{recipe.frozen} layers fixed, classes weighted by the inverse share to the power {recipe.balance:g}."
        f"{taught} Rows: {passes}."
    )
