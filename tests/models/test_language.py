"""Which language a text is in, and when it is better not to say."""

import pytest

from models.language import identify, recognise


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("My parcel has still not arrived and nobody answers the phone.", "en"),
        ("Mein Paket ist immer noch nicht angekommen, niemand geht ans Telefon.", "de"),
        ("Mon colis n'est toujours pas arrivé et personne ne répond.", "fr"),
        ("Mi pedido todavía no ha llegado y nadie contesta.", "es"),
        ("मेरा पार्सल अभी तक नहीं आया है", "hi"),
        ("我的包裹还没有到，没有人接电话", "zh"),
        ("@someone https://x.example/die-das-der My parcel has not arrived today", "en"),
    ],
)
def test_a_sentence_is_recognised(text: str, code: str) -> None:
    assert identify([text]) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ok",
        "😡😡😡😡",
        "12345 67890 !!!",
        "@someone_with_a_long_name",
        "\ud800\ud801",
        "http://a.example/lange/adresse",
    ],
)
def test_what_has_too_few_letters_has_no_language(text: str) -> None:
    assert identify([text]) == [None]


def test_order_is_kept_and_a_hundred_thousand_characters_are_fine() -> None:
    long = "This is a very long complaint about a parcel. " * 2_200
    assert identify(["", long, "Das Paket ist leider noch nicht da."]) == [None, "en", "de"]


# What is certainly foreign

FOREIGN = {
    "Das Paket ist leider noch nicht da.": "de",
    "Quel service lamentable, je suis très déçu.": "fr",
    "QUE SERVIÇO HORRÍVEL, NUNCA MAIS": "pt",
    "لم يصل الطرد حتى الآن ولا أحد يرد": "ar",
    "我的包裹还没有到": "zh",
    "@acme Wo bleibt denn meine Bestellung? https://a.example": "de",
}


@pytest.mark.parametrize(("text", "code"), FOREIGN.items())
def test_a_plain_foreign_sentence_is_called_foreign(text: str, code: str) -> None:
    (found,) = recognise([text], home=("en",))
    assert (found.language, found.foreign) == (code, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "so late again",
        "thx u guys r the best",
        "UGH!!! NOT AGAIN",
        "nooooo whyyyyy meeee",
        "omg lol",
        "Danke!",
        "Rossini at Wembley tonight",
        "Bundesliga is back, see you in München",
        "flight 4711 JFK LAX cancelled",
        "Concert on October 2, see you at Harbour Hall",
        "yaar bahut bura hai, worst app ever",
        "\U0001f621 grrrr",
    ],
)
def test_short_loud_or_mixed_english_is_not_called_foreign(text: str) -> None:
    assert [each.foreign for each in recognise([text], home=("en",))] == [False]


def test_what_is_foreign_depends_on_what_is_home() -> None:
    german, english = "Das Paket ist leider noch nicht da.", "My parcel has not arrived yet, I am sorry to say."
    assert [each.foreign for each in recognise([german, english], home=("de",))] == [False, True]
    assert [each.foreign for each in recognise([german, english], home=("de", "en"))] == [False, False]
    assert [each.foreign for each in recognise([german, english], home=None)] == [True, True]


@pytest.mark.parametrize("home", [(), ("xx",)])
def test_with_nothing_to_compare_with_nothing_is_foreign(home: tuple[str, ...]) -> None:
    assert [each.foreign for each in recognise(["Das Paket ist leider noch nicht da."], home=home)] == [False]
