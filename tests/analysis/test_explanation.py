"""Why a spike was told."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.explanation import explain, from_json, to_json
from monitor.analysis.voices import seen
from monitor.domain import (
    Author,
    Engagement,
    Explanation,
    Flood,
    Label,
    Mention,
    Phase,
    ScoredMention,
    Spike,
    Story,
    Term,
)

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
SPIKE = Spike(
    brand="Acme",
    rule="default",
    phase=Phase.OPENED,
    fired_at=NOON,
    onset=NOON,
    window=timedelta(hours=1),
    observed=31.0,
    expected=4.2,
    mentions=60.0,
    probability=1e-6,
    score=1.5,
    severity="medium",
)


def post(
    number: int,
    text: str = "",
    *,
    label: Label = Label.NEGATIVE,
    author: Author | None = None,
    engagement: Engagement = Engagement(),  # noqa: B008 - frozen
    platform: str = "x",
    negative: float = 0.9,
    vote: bool = True,
    story: int | None = None,
) -> ScoredMention:
    mention = Mention(
        platform=platform,
        native_id=str(number),
        text=text or f"words of number{number}",
        published_at=NOON + timedelta(minutes=number),
        author=author or Author(handle=f"person{number}"),
        engagement=engagement,
    )
    return ScoredMention(
        mention=mention,
        brand="Acme",
        model="bundled",
        negative=negative,
        neutral=1 - negative,
        positive=0.0,
        label=label,
        vote=vote,
        story=story,
    )


def explained(*window: ScoredMention) -> Explanation:
    return explain(SPIKE, window, [])


def top(*window: ScoredMention) -> list[str]:
    return [each.mention.native_id for each in explained(*window).top_posts]


def test_authors_are_counted_once_each_and_by_platform() -> None:
    rosa = Author(handle="Rosa")
    result = explained(
        post(1, author=rosa),
        post(2, author=Author(handle="rosa")),
        post(3, author=rosa, platform="bluesky"),
        post(4, label=Label.POSITIVE),
    )
    assert (result.authors, result.unhappy_authors) == (3, 2)


def test_where_no_post_tells_its_author_their_number_is_unknown() -> None:
    nobody = Author()
    result = explained(post(1, author=nobody), post(2, author=nobody))
    assert (result.authors, result.unhappy_authors, result.reach) == (None, None, None)


def test_calm_posts_mean_no_unhappy_authors_rather_than_unknown_ones() -> None:
    result = explained(post(1, label=Label.POSITIVE))
    assert (result.authors, result.unhappy_authors) == (1, 0)


def test_a_window_without_posts_tells_nothing_but_the_counts() -> None:
    result = explained()
    assert (result.negative_share, result.reach, result.model, result.top_posts, result.terms) == (None,) * 3 + ((), ())
    assert result.platforms == {}


def test_the_negative_share_is_the_mean_probability_of_the_votes() -> None:
    copies = [post(n, "the same", negative=1.0, vote=False) for n in range(3, 9)]
    result = explained(post(1, negative=0.9), post(2, negative=0.1, label=Label.POSITIVE), *copies)
    assert result.negative_share == pytest.approx(0.5)


def test_reach_adds_the_followers_of_each_unhappy_author_once() -> None:
    rosa = Author(handle="rosa", followers=100)
    later = Author(handle="rosa", followers=120)
    happy = post(5, label=Label.POSITIVE, author=Author(handle="fan", followers=9_999))
    result = explained(post(1, author=rosa), post(2, author=later), post(3, author=Author(handle="joe")), happy)
    assert result.reach == 120


def test_platforms_count_the_posts_that_are_negative() -> None:
    result = explained(post(1), post(2, platform="bluesky"), post(3), post(4, platform="rss", label=Label.NEUTRAL))
    assert dict(result.platforms) == {"bluesky": 1, "x": 2}


def test_the_most_seen_posts_come_first_and_unknown_ones_last() -> None:
    small = post(1, author=Author(handle="a", followers=10))
    viral = post(2, author=Author(handle="b", followers=10), engagement=Engagement(reposts=500))
    watched = post(3, author=Author(handle="c"), engagement=Engagement(views=20_000))
    nought = post(4, author=Author(handle="d", followers=0))
    unknown = post(0, author=Author(handle="e"))
    assert top(unknown, nought, small, viral, watched) == ["3", "2", "1", "4", "0"]
    assert (seen(nought.mention), seen(unknown.mention)) == (0, None)


def test_a_person_and_a_text_are_shown_once() -> None:
    rosa = Author(handle="rosa", followers=50)
    copied = [post(n, f"RT @rosa: the app is down https://t.co/{n}") for n in (3, 4)]
    assert top(post(1, author=rosa), post(2, author=rosa), post(5, "The app is DOWN"), *copied) == ["1", "3"]


def test_near_copies_are_shown_once_and_count_once_for_a_word() -> None:
    copies = [post(n, f"the refund never came, dear all{n}", story=7) for n in range(9)]
    calm = [post(n, f"van number{n} is fine") for n in range(100, 200)]
    assert top(*copies) == ["0"]
    assert explain(SPIKE, copies, calm).terms == ()
    apart = [replace(each, story=None) for each in copies]
    assert explain(SPIKE, apart, calm).terms != ()


def test_what_was_copied_most_is_told_and_shown_even_where_others_were_seen_more() -> None:
    copies = [post(n, f"never again, ask all{n}", story=7) for n in range(12)]
    loud = [post(n, author=Author(handle=f"star{n}", followers=9_000 + n), story=n) for n in range(20, 28)]
    result = explained(*copies, *loud)
    assert result.floods == (Flood(posts=12, total=20),)
    assert result.stories == (Story(posts=12, authors=12, reach=None, platform="x", native_id="0"),)
    assert [each.mention.native_id for each in result.top_posts] == ["27", "26", "25", "24", "0"]


def test_where_many_speak_the_most_seen_are_shown_whatever_is_copied() -> None:
    copies = [post(n, f"never again, ask all{n}", story=7) for n in range(3)]
    loud = [post(n, author=Author(handle=f"star{n}", followers=9_000 + n), story=n) for n in range(20, 28)]
    result = explained(*copies, *loud)
    assert (result.floods, result.stories[0].posts) == ((), 3)
    assert [each.mention.native_id for each in result.top_posts] == ["27", "26", "25", "24", "23"]


def test_only_negative_posts_are_shown_and_at_most_five() -> None:
    happy = post(99, label=Label.POSITIVE, author=Author(handle="fan", followers=9_999))
    unsure = post(98, label=Label.UNSURE, author=Author(handle="star", followers=9_999))
    assert top(happy, unsure, *(post(n) for n in range(9))) == ["0", "1", "2", "3", "4"]


def test_posts_that_are_seen_alike_come_by_time_then_by_key_in_any_order() -> None:
    posts = [post(n, author=Author(handle=f"p{n}", followers=7)) for n in range(4)]
    assert top(*posts) == top(*reversed(posts)) == ["0", "1", "2", "3"]


def test_the_terms_leave_out_what_the_brand_is_called() -> None:
    before = [post(n, f"Acme van number{n} is fine") for n in range(100)]
    window = [post(200 + n, f"Acme refund fails number{n}") for n in range(9)]
    result = explain(SPIKE, window, before, brand_names=["Acme"])
    assert [term.text for term in result.terms] == ["refund fails"]


def test_the_model_is_the_one_that_scored_most_posts() -> None:
    assert explained(post(1), post(2), replace(post(3), model="another")).model == "bundled"


moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
reals = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
numbers = st.none() | st.integers(0, 10**12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | reals | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
mentions = st.builds(
    Mention,
    platform=texts,
    native_id=texts,
    text=texts,
    published_at=moments,
    author=st.builds(Author, native_id=st.none() | texts, handle=st.none() | texts, followers=numbers),
    engagement=st.builds(Engagement, likes=numbers, replies=numbers, reposts=numbers, quotes=numbers, views=numbers),
    url=st.none() | texts,
    lang=st.none() | texts,
    edited_at=st.none() | moments,
    conversation_id=st.none() | texts,
    in_reply_to=st.none() | texts,
    quoted=st.none() | texts,
    rating=st.none() | st.floats(0, 1),
    targets=st.lists(texts, max_size=3).map(tuple),
    extra=st.dictionaries(texts, plain, max_size=3),
    known_at=st.none() | moments,
)
scored = st.builds(
    ScoredMention,
    mention=mentions,
    brand=texts,
    model=texts,
    negative=reals,
    neutral=reals,
    positive=reals,
    label=st.sampled_from(Label),
    vote=st.booleans(),
    story=st.none() | st.integers(0, (1 << 63) - 1),
)
spikes = st.builds(
    Spike,
    brand=texts,
    rule=texts,
    phase=st.sampled_from(Phase),
    fired_at=moments,
    onset=moments,
    window=st.timedeltas(timedelta(0), timedelta(days=400)),
    observed=reals,
    expected=reals,
    mentions=st.none() | reals,
    probability=reals,
    score=st.floats(allow_nan=False),
    severity=st.sampled_from(["low", "medium", "high"]),
)
explanations = st.builds(
    Explanation,
    spike=spikes,
    authors=numbers,
    unhappy_authors=numbers,
    negative_share=st.none() | reals,
    reach=numbers,
    platforms=st.dictionaries(texts, st.integers(0), max_size=3),
    terms=st.lists(st.builds(Term, text=texts, count=st.integers(0), z=reals), max_size=3).map(tuple),
    top_posts=st.lists(scored, max_size=2).map(tuple),
    model=st.none() | texts,
    stories=st.lists(
        st.builds(Story, posts=st.integers(2), authors=numbers, reach=numbers, platform=texts, native_id=texts),
        max_size=2,
    ).map(tuple),
    floods=st.lists(
        st.builds(Flood, posts=st.integers(1), total=st.integers(1), accounts=st.none() | st.integers(1)), max_size=2
    ).map(tuple),
)


@given(explanations)
def test_what_is_stored_is_read_back_equal(explanation: Explanation) -> None:
    assert from_json(to_json(explanation)) == explanation


@given(explanations)
def test_the_stored_form_is_one_line_that_says_its_version(explanation: Explanation) -> None:
    text = to_json(explanation)
    assert "\n" not in text
    assert json.loads(text)["version"] == 1


def test_the_same_posts_give_the_same_record_byte_for_byte() -> None:
    window = [post(n, f"refund fails number{n % 7}") for n in range(20)]
    before = [post(n, f"van number{n} is fine") for n in range(100)]
    assert to_json(explain(SPIKE, window, before)) == to_json(explain(SPIKE, window, before))


def test_what_the_posts_carry_beyond_json_is_stored_as_text_rather_than_failing() -> None:
    odd = replace(post(1).mention, extra={"when": NOON, "kind": {1}})
    kept = from_json(to_json(explained(replace(post(1), mention=odd)))).top_posts[0].mention.extra
    assert kept == {"when": "2026-03-11T12:00:00+00:00", "kind": "{1}"}


def test_a_record_from_before_stories_and_stars_is_read() -> None:
    record = json.loads(to_json(explained(post(1, "late again"))))
    for name in ("stories", "floods"):
        del record[name]
    for old in record["top_posts"]:
        del old["story"], old["mention"]["quoted"], old["mention"]["rating"]
    assert from_json(json.dumps(record)) == explained(post(1, "late again"))


def test_a_record_of_a_later_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"is of version 2; this program reads version 1"):
        from_json(json.dumps({**json.loads(to_json(explained())), "version": 2}))


@pytest.mark.parametrize("damaged", ["", "{", "[]", "null", "{}", '{"version":1}', '{"version":1,"spike":{}}'])
def test_a_damaged_record_is_refused_in_a_sentence(damaged: str) -> None:
    with pytest.raises(ValueError, match="a stored explanation cannot be read"):
        from_json(damaged)
