"""Which language a text is in, and when it is better not to say."""

import pytest

from models.language import identify


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
