"""What stands around every engine: duplicates, memory, order."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from models import ModelUnusable, Prediction, Sentiment, label_of
from models.scoring import CachingScorer, Request, ahead, batches_of_like_length


class SpyEngine:
    """Answers with the length of the text, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[Request]] = []

    def answer(self, requests: Iterable[Request]) -> list[Prediction]:
        self.asked.append(list(requests))
        shares = (1 / (1 + len(text)) for text, _ in self.asked[-1])
        return [Prediction(sentiment=Sentiment(share, 1 - share, 0.0)) for share in shares]


def test_order_is_kept_and_duplicates_are_scored_once() -> None:
    engine = SpyEngine()
    found = CachingScorer("spy", engine.answer).predict(["aaa", "b", "aaa", "b ", "cc"])
    assert [round(1 / one.sentiment.negative) - 1 for one in found] == [3, 1, 3, 1, 2]
    assert engine.asked == [[("aaa", None), ("b", None), ("cc", None)]]


def test_texts_that_differ_only_in_their_links_and_handles_are_duplicates() -> None:
    engine = SpyEngine()
    CachingScorer("spy", engine.answer).predict(["@a look https://x.example/1", "@b  look https://y.example/2"])
    assert engine.asked == [[("@user look http", None)]]


def test_an_answer_is_remembered_across_calls() -> None:
    engine = SpyEngine()
    scorer = CachingScorer("spy", engine.answer)
    assert scorer.predict(["again"]) == scorer.predict(["again"])
    assert len(engine.asked) == 1


def test_the_memory_is_bounded_and_forgets_what_was_asked_longest_ago() -> None:
    engine = SpyEngine()
    scorer = CachingScorer("spy", engine.answer, cache_size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        scorer.predict([text])
    assert [asked[0][0] for asked in engine.asked] == ["a", "b", "c", "b"]


def test_a_text_without_words_is_neutral_and_costs_nothing() -> None:
    engine = SpyEngine()
    found = CachingScorer("spy", engine.answer).predict(["", " \n", "\u200b\ud800"])
    assert {one.sentiment for one in found} == {Sentiment(0.0, 1.0, 0.0)}
    assert engine.asked == []


def test_targets_reach_a_model_that_reads_them_and_no_other() -> None:
    deaf, aware = SpyEngine(), SpyEngine()
    text = "Acme beats Rival"
    targets = ["Acme", None, "Rival", "Acme"]
    CachingScorer("deaf", deaf.answer).predict([text] * 4, targets)
    CachingScorer("aware", aware.answer, reads_targets=True).predict([text] * 4, targets)
    assert deaf.asked == [[(text, None)]]
    assert aware.asked == [[(text, "Acme"), (text, None), (text, "Rival")]]


@pytest.mark.parametrize(
    "text", ["@Acme late again", "late again", "Acmeville is late", "", "see https://acme.example/"]
)
def test_a_target_that_the_text_does_not_name_is_not_read(text: str) -> None:
    engine = SpyEngine()
    CachingScorer("aware", engine.answer, reads_targets=True).predict([text, f"{text} "], ["Acme Ltd", "Rival"])
    assert all(target is None for asked in engine.asked for _, target in asked)


@pytest.mark.parametrize("target", ["acme", " ACME ", "@Acme", "#Acme"])
def test_a_name_is_found_whatever_its_capitals_and_marks(target: str) -> None:
    engine = SpyEngine()
    CachingScorer("aware", engine.answer, reads_targets=True).predict(["late again, #Acme's parcels"], [target])
    assert engine.asked[0][0][1] is not None


def test_one_target_too_few_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="2 texts but 1 targets"):
        CachingScorer("spy", SpyEngine().answer).predict(["a", "b"], ["Acme"])


def test_no_texts_give_no_predictions() -> None:
    assert CachingScorer("spy", SpyEngine().answer).predict([]) == []


def test_a_batch_never_exceeds_its_cap_unless_one_row_does() -> None:
    lengths = [1, 50, 3, 3, 200, 7, 7, 7]
    batches = batches_of_like_length(lengths, 100)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 100 for batch in batches)


def test_only_one_thing_is_made_ahead_of_the_one_in_use() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    with ThreadPoolExecutor(1) as maker:
        for used in ahead(numbers(), maker):
            assert len(made) <= used + 2
    assert made == list(range(5))


def test_what_goes_wrong_while_making_ahead_is_raised_where_it_is_used() -> None:
    def breaks() -> Iterator[str]:
        yield "one"
        raise ModelUnusable("the second cannot be made")

    with ThreadPoolExecutor(1) as maker:
        used = ahead(breaks(), maker)
        assert next(used) == "one"
        with pytest.raises(ModelUnusable, match="the second"):
            next(used)


@pytest.mark.parametrize(
    ("sentiment", "unsure_below", "label"),
    [
        (Sentiment(0.5, 0.3, 0.2), 0.5, "negative"),
        (Sentiment(0.2, 0.3, 0.5), 0.51, "unsure"),
        (Sentiment(0.2, 0.3, 0.5), 0.0, "positive"),
        (Sentiment(0.4, 0.4, 0.2), 0.0, "neutral"),
    ],
)
def test_the_label_is_the_likeliest_class_or_unsure(sentiment: Sentiment, unsure_below: float, label: str) -> None:
    assert label_of(sentiment, unsure_below) == label
