"""What every scorer promises, whatever runs it: the shipped model on both engines.

The second engine scores the shipped weights read back into torch; without the extra `torch` it is skipped.
"""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import models
from models import Prediction, Scorer, Sentiment, label_of

BUNDLED = Path(str(models.__file__)).parent / "bundled"
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
    "100,000 characters": "x" * 100_000,
    "100,000 characters of words": "my parcel is late " * 5_600,
    "10,000 handles": "@someone " * 10_000,
    "lone surrogates": "bad \ud83d half \udc00 pairs",
    "NUL and controls": "a\x00b\x07c\x1b[31m",
    "zero width": "ter\u200brib\u200dle\ufeff",
    "bidirectional marks": "\u202eelbirret\u202c service",
    "mixed scripts": "Спасибо شكرا धन्यवाद 谢谢 ขอบคุณ thanks",
    "combining marks": "Z\u0351\u036b\u0343" * 500,
    "HTML": "<script>alert(1)</script>&lt;b&gt;&#0;&#x110000;",
    "only links": "https://t.co/a https://t.co/b",
    "special words": "[CLS] [SEP] [PAD] [MASK] [UNK] <s> </s>",
    "unassigned": "\U000e0041\uffff\U0010ffff",
}
NAMES = ("bundled", "bundled on torch")


def opened(name: str, factory: pytest.TempPathFactory) -> Callable[[], Scorer]:
    if name == "bundled":
        return models.load
    pytest.importorskip("torch", reason="the extra torch is not installed")
    pytest.importorskip("transformers", reason="the extra torch is not installed")
    pytest.importorskip("transformers.utils.logging").disable_progress_bar()
    folder = factory.mktemp("torch")
    pytest.importorskip("models.training.unpack").to_transformers(BUNDLED, folder)
    return lambda: models.load(str(folder), threads=1)


@pytest.fixture(scope="module", params=NAMES)
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Scorer]:
    """A function that opens the scorer anew, with nothing remembered."""
    return opened(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def scorer(fresh: Callable[[], Scorer]) -> Scorer:
    return fresh()


def posts(count: int) -> list[str]:
    chance = random.Random(11)
    pieces = [*PLAIN["negative"], *PLAIN["positive"], "See you at nine.", "@you", "https://t.co/x", "\U0001f60d", "ok"]
    return [" ".join(chance.choices(pieces, k=chance.randint(1, 4))) for _ in range(count)]


def apart(left: Sentiment, right: Sentiment) -> float:
    negative, positive = abs(left.negative - right.negative), abs(left.positive - right.positive)
    return max(negative, positive, abs(left.neutral - right.neutral))


def sound(found: Prediction) -> bool:
    groups = [[found.sentiment.negative, found.sentiment.neutral, found.sentiment.positive]]
    groups += [list(found.emotion.values())] if found.emotion else []
    single = [share for share in (found.complaint, found.irony, found.offensive) if share is not None]
    shares = [share for group in groups for share in group] + single
    return all(0 <= share <= 1 for share in shares) and all(abs(sum(group) - 1) < 1e-6 for group in groups)


def test_the_name_says_which_weights(scorer: Scorer) -> None:
    name, _, version = scorer.name.partition("@")
    assert name
    assert len(version) == 8


@pytest.mark.parametrize("label", PLAIN)
def test_plain_sentences_have_the_right_sign(scorer: Scorer, label: str) -> None:
    found = scorer.predict(PLAIN[label])
    assert [label_of(one.sentiment, 0.0) for one in found] == [label] * len(PLAIN[label])


def test_order_is_kept(scorer: Scorer) -> None:
    texts = posts(60)
    turned = scorer.predict(texts[::-1])[::-1]
    pairs = zip(scorer.predict(texts), turned, strict=True)
    assert all(apart(one.sentiment, other.sentiment) < 1e-3 for one, other in pairs)
    assert len({one.sentiment.polarity for one in turned}) > 30


def test_a_text_gets_the_same_numbers_whatever_else_is_in_the_call(fresh: Callable[[], Scorer]) -> None:
    texts = list(dict.fromkeys(posts(24)))
    together, single = fresh().predict(texts), fresh()
    alone = [single.predict([text])[0] for text in texts]
    crowded = fresh().predict([*HOSTILE.values(), *texts])[len(HOSTILE) :]
    for one, other, third in zip(together, alone, crowded, strict=True):
        assert apart(one.sentiment, other.sentiment) < 1e-3
        assert apart(one.sentiment, third.sentiment) < 1e-3


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_scored_like_any_other(scorer: Scorer, kind: str) -> None:
    begun = time.process_time()
    found = scorer.predict([HOSTILE[kind], "I love this, best purchase this year!"])
    assert all(map(sound, found))
    assert label_of(found[1].sentiment, 0.0) == "positive"
    assert time.process_time() - begun < 2.0


@given(texts=st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gets_three_probabilities(scorer: Scorer, texts: list[str]) -> None:
    found = scorer.predict(texts)
    assert len(found) == len(texts)
    assert all(map(sound, found))


def test_a_text_without_words_is_neutral(scorer: Scorer) -> None:
    assert [label_of(one.sentiment, 0.9) for one in scorer.predict(["", " \n", "\u200b"])] == ["neutral"] * 3


def test_no_texts_give_no_predictions(scorer: Scorer) -> None:
    assert scorer.predict([]) == []


def test_targets_of_another_length_are_refused(scorer: Scorer) -> None:
    with pytest.raises(ValueError, match="targets"):
        scorer.predict(["a", "b"], ["Acme"])


def test_targets_are_welcome(scorer: Scorer) -> None:
    targets: Sequence[str | None] = ["Acme", None]
    assert all(map(sound, scorer.predict(["I love Acme", "I love it"], targets)))


@pytest.mark.parametrize("text", TOWARD)
def test_sentiment_is_toward_the_target_that_is_named(scorer: Scorer, text: str) -> None:
    found = scorer.predict([text, text], TOWARD[text])
    assert [label_of(one.sentiment, 0.0) for one in found] == ["positive", "negative"]


def test_a_target_that_the_text_does_not_name_changes_nothing(scorer: Scorer) -> None:
    texts = ["my parcel is late again", "@Acme where is my parcel?", ""]
    assert scorer.predict(texts, ["Acme"] * 3) == scorer.predict(texts)


@pytest.mark.parametrize("target", HOSTILE)
def test_a_hostile_target_is_welcome_like_any_other(scorer: Scorer, target: str) -> None:
    named = HOSTILE[target]
    assert all(map(sound, scorer.predict([f"{named} I love it", "I love it"], [named, named])))


def test_complaints_are_told_from_other_posts(scorer: Scorer) -> None:
    texts = ["My order never came and nobody answers, where is my refund?", "What a lovely sunny morning!"]
    found = [one.complaint for one in scorer.predict(texts)]
    assert None not in found
    assert [share is not None and share > 0.5 for share in found] == [True, False]


def test_both_engines_agree_on_the_same_weights(tmp_path_factory: pytest.TempPathFactory) -> None:
    light, torch = (opened(name, tmp_path_factory)() for name in NAMES)
    texts = [text for text in dict.fromkeys(posts(40)) if text.isascii()]
    pairs = list(zip(light.predict(texts), torch.predict(texts), strict=True))
    assert max(abs((one.complaint or 0) - (other.complaint or 0)) for one, other in pairs) < 0.2
    same = sum(label_of(one.sentiment, 0.0) == label_of(other.sentiment, 0.0) for one, other in pairs)
    assert same / len(pairs) >= 0.95
