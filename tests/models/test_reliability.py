"""Whether a probability means what it says, in bins, bars and a chart."""

import random
from xml.etree import ElementTree

import pytest

from models.reliability import bar, bins, calibration_error, svg, wilson

SVG = "{http://www.w3.org/2000/svg}"


def test_an_interval_of_wilson_is_the_published_one() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20, level 0.95."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson(20, 20) == pytest.approx((0.8389, 1), abs=1e-4)
    assert wilson(0, 0) is None


def test_a_confidence_at_an_edge_belongs_to_the_bin_above_and_certainty_to_the_last() -> None:
    held = bins([0.3, 0.7, 1.0, 0.0], [True, True, True, False])
    assert [each.start for each in held] == pytest.approx([0.0, 0.3, 0.7, 0.9])
    assert [each.end for each in held] == pytest.approx([0.1, 0.4, 0.8, 1.0])
    assert [each.texts for each in held] == [1, 1, 1, 1]


def test_a_bin_tells_how_sure_and_how_often_right() -> None:
    (one,) = bins([0.92, 0.98, 0.95, 0.95], [True, True, True, False])
    assert (one.texts, one.right) == (4, 0.75)
    assert one.confidence == pytest.approx(0.95)
    assert (one.low, one.high) == wilson(3, 4)


def test_bins_of_equal_mass_hold_as_many_texts_and_never_part_equal_confidences() -> None:
    confidences = [0.9 + step / 1_000 for step in range(100)]
    assert [each.texts for each in bins(confidences, [True] * 100, cut="mass")] == [10] * 10
    lumped = bins([0.5] * 90 + [0.6] * 10, [True] * 100, cut="mass")
    assert [each.texts for each in lumped] == [90, 10]
    assert len(bins([0.7] * 5, [True] * 5, cut="mass")) == 1


def test_the_error_is_zero_where_confidences_are_met_and_the_gap_where_they_are_not() -> None:
    assert calibration_error(bins([0.8] * 5, [True] * 4 + [False])) == pytest.approx(0)
    assert calibration_error(bins([0.8] * 5, [True] + [False] * 4)) == pytest.approx(0.6)
    assert calibration_error([]) == 0


def test_errors_that_cancel_within_a_wide_bin_show_in_bins_of_equal_mass() -> None:
    confidences = [0.91] * 50 + [0.99] * 50
    right = [True] * 50 + [step >= 5 for step in range(50)]  # 0.91 is always right, 0.99 nine times in ten
    wide, even = (calibration_error(bins(confidences, right, cut=cut)) for cut in ("width", "mass"))
    assert wide == pytest.approx(0)
    assert even == pytest.approx(0.09)


@pytest.mark.parametrize("cut", ["width", "mass"])
def test_no_text_is_lost(cut: str) -> None:
    chance = random.Random(3)
    confidences = [chance.random() for _ in range(997)]
    held = bins(confidences, [True] * 997, cut="mass" if cut == "mass" else "width")
    assert sum(each.texts for each in held) == 997
    assert all(each.start <= each.confidence <= each.end for each in held)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="argument 2"):
        bins([0.5, 0.6], [True])


def test_a_bar_is_as_long_as_its_share() -> None:
    assert [bar(share, 8).count("█") for share in (0.0, 0.25, 0.5, 1.0, 2.0)] == [0, 2, 4, 8, 8]
    assert {len(bar(step / 97)) for step in range(98)} == {20}


def chart() -> ElementTree.Element:
    return ElementTree.fromstring(svg(bins([0.95, 0.95, 0.55], [True, False, True]), "Later posts <2015> & more"))


def test_the_chart_is_labelled_and_safe_whatever_its_title() -> None:
    words = ["".join(text.itertext()) for text in chart().iter(f"{SVG}text")]
    assert words[0] == "Later posts <2015> & more"
    assert {"how sure the model was", "share that was right", "0.0", "1.0"} <= set(words)
    assert "over 3 texts" in chart().attrib["aria-label"]


def test_the_chart_has_a_point_and_a_whisker_where_each_bin_is() -> None:
    points = list(chart().iter(f"{SVG}circle"))
    assert [(point.attrib["cx"], point.attrib["cy"]) for point in points] == [("210.0", "34.0"), ("322.0", "174.0")]
    low, high = wilson(1, 2) or (0, 1)
    whisker = [line.attrib for line in chart().iter(f"{SVG}line") if line.attrib["class"] == "w"][1]
    assert float(whisker["y1"]) == pytest.approx(34 + 280 * (1 - low), abs=0.1)
    assert float(whisker["y2"]) == pytest.approx(34 + 280 * (1 - high), abs=0.1)


def test_the_chart_is_for_light_and_dark_pages() -> None:
    assert "prefers-color-scheme:dark" in svg([], "empty")
