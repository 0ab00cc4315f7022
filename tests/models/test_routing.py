"""Which model reads which post: by the platform's tag, else by the letters, and the first one when in doubt."""

import threading
from collections.abc import Callable, Sequence

import pytest

from models import ModelMissing, Prediction, Reader, Router, Scorer, Sentiment

GERMAN = "Mein Paket ist immer noch nicht angekommen, niemand geht ans Telefon."
FRENCH = "Mon colis n'est toujours pas arrivé et personne ne répond au téléphone."
ENGLISH = "My parcel has still not arrived and nobody answers the phone."
SWAHILI = "Kifurushi changu bado hakijafika na hakuna mtu anayejibu simu."


class Tiny:
    """Always of one opinion; remembers what it was asked."""

    def __init__(self, name: str, negative: float = 0.5) -> None:
        self.name = name
        self._said = Prediction(sentiment=Sentiment(negative, 1 - negative, 0.0))
        self.asked: list[tuple[str, str | None]] = []

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        self.asked += zip(texts, targets or [None] * len(texts), strict=True)
        return [self._said for _ in texts]


@pytest.fixture
def english() -> Tiny:
    return Tiny("english@1", 0.25)


@pytest.fixture
def other() -> Tiny:
    return Tiny("other@1", 0.75)


def router(english: Tiny, **routes: Scorer) -> Router:
    """English first, the others by their language; `others` is the route for all that have none."""
    readers = {"*" if code == "others" else code: reader_of(scorer) for code, scorer in routes.items()}
    return Router(Reader(lambda: english, ["en"]), readers)


def reader_of(scorer: Scorer, *languages: str) -> Reader:
    return Reader(lambda: scorer, languages or None)


def models_of(asked: Router, *texts: str, tags: Sequence[str | None] | None = None) -> list[tuple[str, bool]]:
    """Of each text the model, and whether it answered."""
    return [(each.model, each.prediction is not None) for each in asked.answer(texts, tags=tags)]


def test_a_language_may_be_written_in_any_way_that_a_platform_does(english: Tiny, other: Tiny) -> None:
    assert models_of(router(english, deu=other), GERMAN, "hei", tags=[None, "de-AT"]) == [("other@1", True)] * 2
    norwegian = Router(reader_of(other, "nb"))
    assert models_of(norwegian, "Pakken er her.", "Pakken er her.", tags=["no", "nb"]) == [("other@1", True)] * 2


# What no model was measured on


def test_a_post_in_a_language_that_the_model_was_not_measured_on_gets_a_reason_and_no_answer(english: Tiny) -> None:
    mine, foreign = router(english).answer([ENGLISH, GERMAN])
    assert mine.prediction is not None
    assert (mine.language, mine.unsure) == ("en", None)
    assert (foreign.prediction, foreign.language, foreign.model) == (None, "de", "english@1")
    assert foreign.unsure == "it reads as German (de), and the model was measured on English (en)"
    assert [text for text, _ in english.asked] == [ENGLISH]


@pytest.mark.parametrize("text", ["", "ok", "so late again", "LATE AGAIN!!!", "Wien", "@acme 😡😡", "danke", "\ud800"])
def test_what_cannot_be_told_stays_with_the_first_model(english: Tiny, other: Tiny, text: str) -> None:
    assert models_of(router(english, others=other), text) == [("english@1", True)]


def test_a_foreign_post_whose_language_is_not_certain_goes_to_the_model_for_all_others_or_nowhere(
    english: Tiny, other: Tiny
) -> None:
    mixed = "Gracias merci danke obrigado dank je wel"
    (said,) = router(english).answer([mixed])
    assert (said.language, said.prediction) == (None, None)
    assert said.unsure == (
        "it does not read as English (en), nor surely as anything else, and the model was measured on English (en)"
    )
    assert models_of(router(english, nl=english, others=other), mixed) == [("other@1", True)]


# The platform's tag


def test_the_platforms_own_tag_wins_over_the_letters(english: Tiny, other: Tiny) -> None:
    asked = router(english, hi=other)
    romanised = "bahut accha service hai yaar"
    assert models_of(asked, romanised, GERMAN, ENGLISH, tags=["hi-IN", "en", "de"]) == [
        ("other@1", True),
        ("english@1", True),
        ("english@1", False),
    ]
    (said,) = asked.answer([ENGLISH], tags=["de"])
    assert said.unsure == "it is marked as German (de), and the model was measured on English (en)"


@pytest.mark.parametrize("tag", ["und", "zxx", "qme", "", " ", None, "German", "x" * 100_000, "12", "\ud800"])
def test_a_tag_that_names_no_language_is_as_none(english: Tiny, tag: str | None) -> None:
    mine, foreign = router(english).answer([ENGLISH, GERMAN], tags=[tag, tag])
    assert (mine.language, foreign.language) == ("en", "de")


def test_a_post_without_letters_is_in_no_language_whatever_its_tag(english: Tiny) -> None:
    assert models_of(router(english), "😡 @acme https://a.example", tags=["ja"]) == [("english@1", True)]


# Routes


def test_each_language_goes_to_its_own_model_and_the_rest_to_the_one_for_all_others(english: Tiny, other: Tiny) -> None:
    german = Tiny("german@1")
    asked = router(english, de=german, others=other)
    found = asked.answer([FRENCH, GERMAN, ENGLISH, FRENCH], ["a", "b", None, "c"])
    assert [each.model for each in found] == ["other@1", "german@1", "english@1", "other@1"]
    assert [each.prediction.sentiment.negative for each in found if each.prediction] == [0.75, 0.5, 0.25, 0.75]
    assert other.asked == [(FRENCH, "a"), (FRENCH, "c")]
    assert german.asked == [(GERMAN, "b")]


def test_a_route_to_a_model_that_says_it_was_not_measured_on_the_language_is_unsure(english: Tiny, other: Tiny) -> None:
    asked = Router(reader_of(english, "en"), {"de": reader_of(other, "es", "fr")})
    (said,) = asked.answer([GERMAN])
    assert (said.model, said.prediction) == ("other@1", None)
    assert said.unsure == "it reads as German (de), and the model was measured on Spanish (es), French (fr)"


def test_where_nobody_says_what_the_first_model_was_measured_on_it_reads_all(english: Tiny) -> None:
    asked = Router.of(english)
    assert models_of(asked, ENGLISH, GERMAN, SWAHILI, tags=[None, None, "sw"]) == [("english@1", True)] * 3


def test_a_first_model_that_reads_all_gives_up_the_languages_that_have_a_route(english: Tiny, other: Tiny) -> None:
    asked = Router(reader_of(other), {"en": reader_of(english, "en")})
    assert models_of(asked, ENGLISH, GERMAN, "ok") == [("english@1", True), ("other@1", True), ("other@1", True)]


def test_a_first_model_of_many_languages_keeps_those_that_have_no_route(english: Tiny, other: Tiny) -> None:
    asked = Router(reader_of(other, "en", "fr", "de"), {"de": reader_of(english)})
    assert models_of(asked, ENGLISH, FRENCH, GERMAN, SWAHILI) == [
        ("other@1", True),
        ("other@1", True),
        ("english@1", True),
        ("other@1", False),
    ]


# Loading


def failing(times: int, scorer: Scorer) -> Callable[[], Scorer]:
    left = [times]

    def opened() -> Scorer:
        if left[0]:
            left[0] -= 1
            raise ModelMissing("the weights are not here")
        return scorer

    return opened


def test_a_model_is_opened_with_its_first_post_and_once(english: Tiny, other: Tiny) -> None:
    opened: list[str] = []

    def open_() -> Scorer:
        opened.append("other")
        return other

    asked = Router(reader_of(english, "en"), {"de": Reader(open_)})
    asked.answer([ENGLISH, "ok"])
    assert opened == []
    threads = [threading.Thread(target=asked.answer, args=([GERMAN],)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert opened == ["other"]


def test_a_model_that_cannot_be_opened_is_told_of_and_tried_again(english: Tiny, other: Tiny) -> None:
    asked = Router(reader_of(english, "en"), {"de": Reader(failing(1, other))})
    with pytest.raises(ModelMissing, match="the weights are not here"):
        asked.answer([ENGLISH, GERMAN])
    assert models_of(asked, ENGLISH, GERMAN) == [("english@1", True), ("other@1", True)]


def test_one_answer_for_each_text_or_a_refusal(english: Tiny) -> None:
    assert router(english).answer([]) == []
    with pytest.raises(ValueError, match="zip"):
        router(english).answer([ENGLISH], tags=["en", "en"])


def test_a_model_that_answered_tells_by_its_name_how_often_it_is_wrong() -> None:
    confusions = [((8, 2), (1, 9))]
    router = Router(Reader(lambda: Tiny("english@1"), ["en"], confusions))
    assert router.confusions("english@1") == (), "it was not asked yet"
    router.first.scorer()
    assert router.confusions("english@1") == confusions
    assert router.confusions("another") == ()
