"""What every scorer promises, whatever runs it: each shipped model on both engines, and two tiny ones made here.

Models are found, not listed: a new folder beside models/bundled/ is asked the same. What a model was trained for is
asked of those that have a card; the tiny ones have random weights. Without the extra `torch` half of them are left out.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models import ModelUnusable, Prediction, Scorer, label_of, onnx_engine
from models.embedding import EmbeddingScorer
from models.scoring import _Memory

ROOM = Path(str(models.__file__)).parent
SHIPPED = [info.name for info in models.available() if (ROOM / info.name).is_dir()]
PLAIN = {
    "negative": (
        "I hate this, it broke after one day.",
        "Worst customer service I have ever had.",
        "My order never arrived and nobody answers. Terrible.",
        "This update is awful, the app crashes all the time.",
        "Rude staff, cold food, never going back.",
        "So disappointed, they cancelled my flight without a word.",
    ),
    "positive": (
        "I love this, best purchase this year!",
        "The staff were so kind and helpful, thank you!",
        "Great service, my parcel came a day early.",
        "Beautiful design and it works perfectly.",
        "Happy with the new app, well done!",
        "What a wonderful evening, amazing food.",
    ),
}
TOWARD = {  # text: whom it praises, whom it does not
    "Rival is awful, Acme saved me.": ("Acme", "Rival"),
    "Acme is great, but Rival lost my parcel and nobody answers.": ("Acme", "Rival"),
    "I love Acme, I hate Rival.": ("Acme", "Rival"),
}
HOSTILE = {
    "nothing": "",
    "blanks": " \t\n\u2003",
    "one emoji": "\U0001f621",
    "a thousand emoji": "\U0001f602" * 1_000,
    "10,000 characters": "late again " * 1_000,
    "one word of 100,000 characters": "x" * 100_000,
    "one word of 100,000 different characters": "".join(map(chr, range(0x4E00, 0x4E00 + 20_000))) * 5,
    "100,000 characters of words": "my parcel is late " * 5_600,
    "10,000 handles": "@someone " * 10_000,
    "lone surrogates": "bad \ud83d half \udc00 pairs",
    "NUL and controls": "a\x00b\x07c\x1b[31m",
    "only NULs": "\x00" * 500,
    "zero width": "ter\u200brib\u200dle\ufeff",
    "bidirectional marks": "\u202eelbirret\u202c service",
    "right to left": "\u200fהשירות גרוע מאוד \u0627\u0644\u062e\u062f\u0645\u0629 \u0633\u064a\u0626\u0629",
    "mixed scripts": "Спасибо شكرا धन्यवाद 谢谢 ขอบคุณ thanks",
    "combining marks": "Z\u0351\u036b\u0343" * 500,
    "one letter under a thousand marks": "Z" + "\u0351" * 1_000,
    "HTML": "<script>alert(1)</script>&lt;b&gt;&#0;&#x110000;",
    "only links": "https://t.co/a https://t.co/b",
    "special words": "[CLS] [SEP] [PAD] [MASK] [UNK] <s> </s>",
    "unassigned": "\U000e0041\uffff\U0010ffff",
}


CARDED = [name for name in SHIPPED if (ROOM / "cards" / f"{name}.md").is_file()]
Open = Callable[[str], Scorer]


def on_both_engines(names: Sequence[str]) -> list[str]:
    return [f"{name}{engine}" for name in names for engine in ("", " on torch")]


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest) -> Open:
    """A function that opens a model once, and without a memory of earlier calls, which would hide what we look for."""

    @cache
    def open_(asked: str) -> Scorer:
        name, _, torch = asked.partition(" on ")
        if name == "tiny":
            return forgetful(models.load(str(request.getfixturevalue("make_shipped_folder")())))
        if name == "tiny of the hub":
            make = request.getfixturevalue("make_hub_folder")
            return forgetful(models.load(str(make({0: "negative", 1: "neutral", 2: "positive"}))))
        return forgetful(on_torch(ROOM / name) if torch else models.load(name))

    return open_


@pytest.fixture(scope="module", params=[*on_both_engines(SHIPPED), "tiny", "tiny of the hub"])
def scorer(request: pytest.FixtureRequest, opened: Open) -> Scorer:
    return opened(request.param)


@pytest.fixture(scope="module", params=on_both_engines(CARDED))
def trained(request: pytest.FixtureRequest, opened: Open) -> Scorer:
    """A model that has a card, so that its answers should make sense."""
    return opened(request.param)


def on_torch(path: Path) -> Scorer:
    """The shipped folder on the engine that a GPU would ask for, here on the processor."""
    pytest.importorskip("torch", reason="the extra torch is not installed")
    hub: Any = pytest.importorskip("models.hub_engine", reason="the extra torch is not installed")
    found: Scorer = hub.open_model(str(path), threads=1, device="cpu")
    return found


def forgetful(scorer: Scorer) -> Scorer:
    assert isinstance(scorer, EmbeddingScorer)
    scorer._memory = _Memory(0)
    return scorer


def posts(count: int) -> list[str]:
    chance = random.Random(11)
    pieces = [*PLAIN["negative"], *PLAIN["positive"], "See you at nine.", "@you", "https://t.co/x", "\U0001f60d", "ok"]
    return [" ".join(chance.choices(pieces, k=chance.randint(1, 4))) for _ in range(count)]


def groups(found: Prediction) -> Iterator[tuple[list[float], bool]]:
    """The numbers of each answer, and whether they share one probability."""
    yield [found.sentiment.negative, found.sentiment.neutral, found.sentiment.positive], True
    yield list((found.emotion or {}).values()), found.emotion is not None
    yield list((found.touchpoints or {}).values()), False
    yield [share for share in (found.complaint, found.irony, found.offensive) if share is not None], False


def numbers(found: Prediction) -> list[float]:
    return [share for group, _ in groups(found) for share in group]


def sound(found: Prediction) -> bool:
    """Every number is a probability, and those of labels that exclude each other add up to one."""
    within = all(math.isfinite(share) and 0 <= share <= 1 for share in numbers(found))
    return within and all(abs(sum(group) - 1) < 1e-6 for group, together in groups(found) if together)


def apart(left: Sequence[Prediction], right: Sequence[Prediction]) -> float:
    """The largest difference of any number."""
    pairs = zip(left, right, strict=True)
    return max(
        (abs(a - b) for one, other in pairs for a, b in zip(numbers(one), numbers(other), strict=True)), default=0
    )


def labels(found: Sequence[Prediction]) -> list[str]:
    return [label_of(one.sentiment, 0.0) for one in found]


# Any model


def test_the_name_says_which_weights(scorer: Scorer) -> None:
    name, _, version = scorer.name.partition("@")
    assert name
    assert len(version) == 8


def test_order_is_kept(scorer: Scorer) -> None:
    texts = posts(60)
    found, turned = scorer.predict(texts), scorer.predict(texts[::-1])[::-1]
    assert apart(found, turned) < 1e-3
    assert len({one.sentiment.polarity for one in turned}) > 20


def test_no_texts_give_no_predictions(scorer: Scorer) -> None:
    assert scorer.predict([]) == []


def test_a_text_without_words_is_neutral(scorer: Scorer) -> None:
    assert [label_of(one.sentiment, 0.9) for one in scorer.predict(["", " \n", "\u200b"])] == ["neutral"] * 3


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_scored_like_any_other_and_its_neighbour_as_if_alone(scorer: Scorer, kind: str) -> None:
    plain = "the staff was kind, love the app"
    found = scorer.predict([HOSTILE[kind], plain, HOSTILE[kind]])
    assert all(map(sound, found))
    assert apart(found[1:2], scorer.predict([plain])) < 1e-3
    assert found[0] == found[2]


@given(texts=st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=15, deadline=None)
def test_any_text_gets_probabilities(scorer: Scorer, texts: list[str]) -> None:
    found = scorer.predict(texts)
    assert len(found) == len(texts)
    assert all(map(sound, found))


@given(mates=st.permutations(posts(12)), own=st.integers(0, 11), hostile=st.sampled_from(sorted(HOSTILE)))
@settings(max_examples=10, deadline=None)
def test_a_text_gets_the_same_numbers_in_any_company_and_order(
    scorer: Scorer, mates: list[str], own: int, hostile: str
) -> None:
    alone = scorer.predict([mates[own]])
    assert apart(alone, scorer.predict([HOSTILE[hostile], *mates])[own + 1 : own + 2]) < 1e-3


def test_two_threads_at_once_get_what_each_gets_alone(scorer: Scorer) -> None:
    calls = [posts(40), posts(40)[::-1], list(HOSTILE.values()), posts(80)[40:]]
    alone = [scorer.predict(texts) for texts in calls]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(scorer.predict, calls * 2))
    assert max(apart(one, other) for one, other in zip(alone * 2, together, strict=True)) < 1e-3


def test_targets_of_another_length_are_refused(scorer: Scorer) -> None:
    with pytest.raises(ValueError, match="targets"):
        scorer.predict(["a", "b"], ["Acme"])


def test_texts_with_and_without_a_target_do_not_disturb_each_other(scorer: Scorer) -> None:
    texts = ["my parcel was late, the staff kind", "great app", "my parcel was late, the staff kind", "great app"]
    targets = ["parcel", None, "staff", "app"]
    mixed = scorer.predict(texts, targets)
    alone = [scorer.predict([text], [target])[0] for text, target in zip(texts, targets, strict=True)]
    assert all(map(sound, mixed))
    assert apart(mixed, alone) < 1e-3
    assert apart(mixed[1:2], scorer.predict(["great app"])) < 1e-3


def test_a_target_that_the_text_does_not_name_changes_nothing(scorer: Scorer) -> None:
    texts = ["my parcel is late again", "@Acme where is my parcel?", ""]
    assert scorer.predict(texts, ["Acme"] * 3) == scorer.predict(texts)


@pytest.mark.parametrize("target", HOSTILE)
def test_a_hostile_target_is_welcome_like_any_other(scorer: Scorer, target: str) -> None:
    named = HOSTILE[target]
    assert all(map(sound, scorer.predict([f"{named} I love it", "I love it"], [named, named])))


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The word pieces of each row that an engine is given from here on."""
    rows: list[int] = []
    run = onnx_engine._Engine._run

    def counted(self: Any, name: str, batch: Sequence[Any]) -> Any:
        rows.extend(len(row.pieces) for row in batch)
        return run(self, name, batch)

    monkeypatch.setattr(onnx_engine._Engine, "_run", counted)
    try:
        from_hub: Any = pytest.importorskip("models.hub_engine")
    except pytest.skip.Exception:
        return rows
    read = from_hub._Engine._read

    def counted_there(self: Any, slice_: Sequence[Any], how: Callable[..., Any]) -> Any:
        rows.extend(len(row.pieces["input_ids"]) for row in slice_)
        return read(self, slice_, how)

    monkeypatch.setattr(from_hub._Engine, "_read", counted_there)
    return rows


@pytest.mark.parametrize("kind", [kind for kind, text in HOSTILE.items() if len(text) >= 1_000])
def test_a_text_of_any_length_costs_no_more_than_a_dozen_ordinary_ones(
    scorer: Scorer, kind: str, fed: list[int]
) -> None:
    scorer.predict(posts(12))
    ordinary = sum(fed)
    fed.clear()
    scorer.predict([HOSTILE[kind], HOSTILE[kind]])
    assert len(fed) == 1
    assert fed[0] <= min(128, ordinary)


def test_an_embedding_is_one_direction_per_text_whatever_it_holds(scorer: Scorer) -> None:
    assert isinstance(scorer, EmbeddingScorer)
    try:
        found = scorer.embed([*HOSTILE.values(), "late again"])
    except ModelUnusable as without:
        pytest.skip(str(without))
    sizes = (found**2).sum(axis=1)
    assert len(found) == len(HOSTILE) + 1
    assert all(math.isclose(size, 1, abs_tol=1e-4) or size == 0 for size in sizes)
    assert sizes[0] == 0
    assert sizes[-1] > 0


# Models that were trained


@pytest.mark.parametrize("label", PLAIN)
def test_plain_sentences_have_the_right_sign(trained: Scorer, label: str) -> None:
    assert labels(trained.predict(PLAIN[label])) == [label] * len(PLAIN[label])


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_plain_sentence_keeps_its_sign_beside_a_hostile_one(trained: Scorer, kind: str) -> None:
    assert labels(trained.predict([HOSTILE[kind], "I love this, best purchase this year!"]))[1] == "positive"


@pytest.mark.parametrize("text", TOWARD)
def test_sentiment_is_toward_the_target_that_is_named(trained: Scorer, text: str) -> None:
    assert labels(trained.predict([text, text], TOWARD[text])) == ["positive", "negative"]


def test_complaints_are_told_from_other_posts(trained: Scorer) -> None:
    texts = ["My order never came and nobody answers, where is my refund?", "What a lovely sunny morning!"]
    found = [one.complaint for one in trained.predict(texts)]
    assert None not in found
    assert [share is not None and share > 0.5 for share in found] == [True, False]


@pytest.mark.parametrize("name", SHIPPED)
def test_both_engines_agree_on_the_same_weights(name: str) -> None:
    light, torch = models.load(name), on_torch(ROOM / name)
    texts = [text for text in dict.fromkeys(posts(60)) if text.isascii()]
    targets = [("staff", "app", None)[number % 3] for number in range(len(texts))]
    mine, theirs = light.predict(texts, targets), torch.predict(texts, targets)
    assert light.name == torch.name
    agreed = sum(one == other for one, other in zip(labels(mine), labels(theirs), strict=True))
    assert agreed / len(texts) >= 0.96
    differences = sorted(apart([one], [other]) for one, other in zip(mine, theirs, strict=True))
    assert differences[len(differences) * 9 // 10] < 0.1
    assert differences[-1] < 0.25  # praise and blame in one text: what a rounding can tip over
    assert sum(differences) / len(differences) < 0.03
