"""What is said of a post: the model's opinion of its text, and the stars that came with it, as one. Knows no store.

Used wherever posts are scored, so that a file and the running program say the same of the same post.
"""

from dataclasses import dataclass

import models
from monitor.analysis.ratings import DISAGREE, disagree, with_stars


@dataclass(frozen=True, slots=True)
class Feeling:
    """How a post feels, with everything known of it."""

    sentiment: models.Sentiment
    label: models.Label
    reason: str | None  # why the label is unsure
    text: models.Sentiment | None = None  # what the text alone says, where there were stars beside it


def feeling_of(said: models.Sentiment, rating: float | None, unsure_below: float) -> Feeling:
    """Text and stars as one; unsure also where they contradict each other."""
    if rating is None:
        return Feeling(said, models.label_of(said, unsure_below), models.doubt_of(said, unsure_below))
    alone = (said.negative, said.neutral, said.positive)
    both = models.Sentiment(*with_stars(alone, rating))
    if disagree(alone, rating):
        return Feeling(both, "unsure", DISAGREE, said)
    return Feeling(both, models.label_of(both, unsure_below), models.doubt_of(both, unsure_below), said)
