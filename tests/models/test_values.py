"""What a label is, and why it is unsure."""

from hypothesis import given
from hypothesis import strategies as st

from models import Sentiment, doubt_of, label_of

SHARES = st.floats(0, 1).flatmap(lambda first: st.tuples(st.just(first), st.floats(0, 1)))


@given(SHARES, st.floats(0, 1))
def test_a_label_is_unsure_exactly_where_there_is_a_reason(shares: tuple[float, float], below: float) -> None:
    negative, rest = shares
    sentiment = Sentiment(negative, (1 - negative) * rest, (1 - negative) * (1 - rest))
    assert (label_of(sentiment, below) == "unsure") == (doubt_of(sentiment, below) is not None)


def test_a_reason_never_shows_a_confidence_that_is_not_below() -> None:
    assert doubt_of(Sentiment(0.4499, 0.3, 0.2501), 0.45) == "confidence 0.44 is below 0.45"
    assert doubt_of(Sentiment(0.45, 0.3, 0.25), 0.45) is None
