"""Stars beside a text: what both together say of how somebody feels. Pure maths; knows no platform.

P(class | text, stars) is proportional to P(class | text) · P(stars | class)^TRUST. The first factor is what the model
says, calibrated; the second is the table below.

The table is an assumption, not a measurement of ours. Its anchor: of 8,600 reviews of ten apps that were read one by
one, 20 % had stars that did not fit what the text said (Aralikatte, Sridhara, Gantayat & Mani, "Fault in your stars",
CoDS-COMAD 2018). So a fifth of the stars lies off its text's side in each clear class; how the rest is spread follows
the usual shape of reviews, which pile up at both ends.

Text and stars come from one person in one mood: given the class they are not independent, and multiplying them would
claim too much. Two signs whose evidence is correlated by r are worth 2 / (1 + r) independent ones, so each weighs
1 / (1 + r). With r = 0.25, again assumed, that is 0.8. Only the stars are tempered: a text without stars, or with stars
that tell nothing, keeps the probabilities that it was calibrated to.
"""

from math import exp, isfinite, log

Probabilities = tuple[float, float, float]  # negative, neutral, positive; they sum to 1

TRUST = 0.8
CLEAR_TEXT = 0.8  # probability from which a text alone is clear
CLEAR_STARS = 0.6  # from which stars alone are: the lowest and the highest, but neither two stars nor four
DISAGREE = "text and stars disagree"

#              stars      1     2     3     4     5
_LIKELIHOODS = (
    (0.62, 0.18, 0.10, 0.05, 0.05),  # negative
    (0.08, 0.14, 0.40, 0.24, 0.14),  # neutral
    (0.04, 0.04, 0.12, 0.22, 0.58),  # positive
)
_STEPS = 4
_LEAST = 1e-9  # no text is so sure that stars could tell nothing more


def with_stars(text: Probabilities, rating: float | None) -> Probabilities:
    """What text and stars say together; `rating` runs from 0 (the fewest) to 1 (all of them), None where there is none.

    >>> [round(p, 2) for p in with_stars((0.3, 0.6, 0.1), 0.0)]
    [0.7, 0.27, 0.03]
    >>> with_stars((0.3, 0.6, 0.1), None)
    (0.3, 0.6, 0.1)
    """
    stars = _log_likelihoods(rating)
    if stars is None:
        return text
    joint = [log(max(p, _LEAST)) + TRUST * likelihood for p, likelihood in zip(text, stars, strict=True)]
    return _shares(joint)


def disagree(text: Probabilities, rating: float | None) -> bool:
    """Whether a clear text and clear stars say opposite things: the one is mocking, or the other a slip of the finger.

    >>> disagree((0.03, 0.07, 0.9), 0.0), disagree((0.03, 0.07, 0.9), 0.25), disagree((0.9, 0.07, 0.03), 1.0)
    (True, False, True)
    """
    stars = _log_likelihoods(rating)
    if stars is None:
        return False
    alone = _shares(stars)
    return (text[0] >= CLEAR_TEXT and alone[2] >= CLEAR_STARS) or (text[2] >= CLEAR_TEXT and alone[0] >= CLEAR_STARS)


def _log_likelihoods(rating: float | None) -> list[float] | None:
    """Of so many stars in each class; between two whole numbers of stars, on the straight line between their logs."""
    if rating is None or not isfinite(rating):
        return None
    place = min(1.0, max(0.0, rating)) * _STEPS
    low = min(_STEPS - 1, int(place))
    part = place - low
    return [(1 - part) * log(row[low]) + part * log(row[low + 1]) for row in _LIKELIHOODS]


def _shares(logs: list[float]) -> Probabilities:
    top = max(logs)
    negative, neutral, positive = (exp(value - top) for value in logs)
    total = negative + neutral + positive
    return negative / total, neutral / total, positive / total
