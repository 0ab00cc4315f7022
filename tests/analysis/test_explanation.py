"""Why a spike was told."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.explanation import differences, explain, from_json, to_json
from monitor.analysis.voices import seen
from monitor.domain import (
    Author,
    Engagement,
    Explanation,
    Flood,
    Hearing,
    Label,
    Mention,
    NearRule,
    Part,
    Phase,
    Range,
    Risk,
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
    slices: tuple[str, ...] = (),
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
        slices=slices,
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


# What each has in the excess


def parts(explanation: Explanation, kind: str) -> dict[str | None, Part]:
    return {part.value: part for part in explanation.parts if part.kind == kind}


def before(number: int, **fields: object) -> ScoredMention:
    return post(-number, f"calm words number{number}", **fields)  # type: ignore[arg-type]


def test_the_parts_of_a_kind_add_up_to_the_spike_with_a_line_for_the_others() -> None:
    window = [post(n, platform=("x", "x", "bluesky")[n % 3], slices=("touchpoint=delivery",) if n % 2 else ())
              for n in range(12)]  # fmt: skip
    earlier = [before(n, platform="bluesky" if n % 2 else "x", negative=0.2) for n in range(20)]
    found = explain(SPIKE, window, earlier)
    for kind in ("platform", "touchpoint"):
        held = parts(found, kind)
        assert None in held
        assert sum(part.observed for part in held.values()) == pytest.approx(SPIKE.observed)
        assert sum(part.expected for part in held.values()) == pytest.approx(SPIKE.expected)
        assert sum(part.excess for part in held.values()) == pytest.approx(SPIKE.observed - SPIKE.expected)
    assert parts(found, "platform")["x"].observed == pytest.approx(SPIKE.observed * 2 / 3)
    assert parts(found, "platform")["bluesky"].expected == pytest.approx(SPIKE.expected / 2)
    assert parts(found, "touchpoint")["delivery"].expected == 0.0


def test_where_nothing_is_known_of_before_what_was_expected_is_nobodys() -> None:
    held = parts(explained(*(post(n) for n in range(4))), "platform")
    assert (held["x"].expected, held[None].expected) == (0.0, SPIKE.expected)
    assert (held["x"].posts, held[None].posts) == (4, 0)


def test_a_post_about_two_touchpoints_gives_each_half_of_its_vote() -> None:
    both = post(1, slices=("touchpoint=delivery", "touchpoint=staff", "language=en"))
    found = explained(both, post(2, slices=("touchpoint=staff",)))
    assert parts(found, "touchpoint")["delivery"].observed == pytest.approx(SPIKE.observed / 4)
    assert parts(found, "touchpoint")["staff"].observed == pytest.approx(SPIKE.observed * 3 / 4)
    assert parts(found, "language")["en"].observed == pytest.approx(SPIKE.observed / 2)


def test_authors_threads_and_stories_have_a_part_where_they_wrote_more_than_once() -> None:
    rosa = Author(native_id="7", handle="rosa")
    window = [post(n, author=rosa, vote=n == 0, story=5 if n < 2 else None) for n in range(3)] + [post(9)]
    window = [replace(each, mention=replace(each.mention, conversation_id="t1")) for each in window]
    found = explained(*window)
    assert [(p.value, p.posts) for p in found.parts if p.kind == "author"] == [("rosa", 3), (None, 1)]
    assert parts(found, "author")["rosa"].observed == pytest.approx(SPIKE.observed / 2)
    assert next((p.value, p.posts) for p in found.parts if p.kind == "thread") == ("t1", 4)
    assert next((p.posts, p.platform, p.native_id) for p in found.parts if p.kind == "story") == (2, "x", "0")


def test_terms_have_a_part_as_well() -> None:
    window = [post(n, f"the parcel van never came number{n}") for n in range(8)]
    earlier = [before(n) for n in range(30)]
    found = explain(SPIKE, window, earlier)
    assert found.terms
    for term in found.terms:
        assert parts(found, "term")[term.text].observed == pytest.approx(SPIKE.observed)
        assert parts(found, "term")[term.text].expected == 0.0


def test_a_window_without_an_unhappy_vote_has_no_parts() -> None:
    assert explained().parts == ()
    assert explained(post(1, negative=0.0, label=Label.POSITIVE)).parts == ()


# Who, and what most of them say


def test_new_authors_and_those_who_were_unhappy_before() -> None:
    ann, ben, cid = (Author(handle=name) for name in ("ann", "ben", "cid"))
    window = [post(1, author=ann), post(2, author=ben), post(3, author=cid)]
    earlier = [before(1, author=ann), before(2, author=ben, label=Label.POSITIVE)]
    found = explain(SPIKE, window, earlier)
    assert (found.new_authors, found.unhappy_before) == (1, 1)


def test_without_a_time_before_nobody_is_new() -> None:
    assert (explained(post(1)).new_authors, explained(post(1)).unhappy_before) == (None, None)
    nobody = explain(SPIKE, [post(1, author=Author())], [before(1)])
    assert nobody.new_authors is None


def test_the_typical_posts_are_those_nearest_to_what_most_say() -> None:
    same = [post(n, f"my parcel is lost and the courier never answers {word}") for n, word in
            enumerate(("monday", "tuesday", "again", "help", "please", "sad"))]  # fmt: skip
    odd = [post(20, "the colour of the new logo hurts my eyes"), post(21, "wrong size of shoes in the box")]
    found = explain(SPIKE, [*odd, *same], [before(n) for n in range(10)])
    assert len(found.typical_posts) == 3
    assert {each.mention.native_id for each in found.typical_posts} <= {each.mention.native_id for each in same}


def test_a_typical_post_is_shown_once_for_each_author_and_story() -> None:
    copies = [post(n, "my parcel is lost again", story=4, author=Author(handle="bot")) for n in range(6)]
    assert len(explained(*copies).typical_posts) == 1


def test_of_a_few_posts_none_is_typical() -> None:
    assert explained(post(1, "parcel lost again"), post(2, "parcel lost today")).typical_posts == ()


def test_the_negative_share_has_a_range_that_narrows_with_more_posts() -> None:
    few, many = explained(*(post(n) for n in range(5))).share, explained(*(post(n) for n in range(500))).share
    assert few is not None
    assert many is not None
    assert few.low < many.low < many.estimate < many.high < few.high <= 1.0
    assert explained().share is None


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
    posts=numbers,
    parts=st.lists(st.builds(Part, kind=texts, value=st.none() | texts, posts=st.integers(0), observed=reals,
                             expected=reals, platform=st.none() | texts, native_id=st.none() | texts),
                   max_size=2).map(tuple),
    typical_posts=st.lists(scored, max_size=1).map(tuple),
    new_authors=numbers,
    share=st.none() | st.builds(Range, estimate=reals, low=reals, high=reals),
    risks=st.lists(st.builds(Risk, of=texts, people=st.integers(0), rate=reals), max_size=1).map(tuple),
    hearing=st.lists(st.builds(Hearing, source=texts, state=texts, since=moments, until=st.none() | moments,
                               detail=texts), max_size=1).map(tuple),
    near=st.lists(st.builds(NearRule, rule=texts, slice=texts, score=reals), max_size=1).map(tuple),
    rule_version=st.none() | texts,
)  # fmt: skip


@given(explanations)
def test_what_is_stored_is_read_back_equal(explanation: Explanation) -> None:
    assert from_json(to_json(explanation)) == explanation


@given(explanations)
def test_the_stored_form_is_one_line_that_says_its_version(explanation: Explanation) -> None:
    text = to_json(explanation)
    assert "\n" not in text
    assert json.loads(text)["version"] == 2


def test_the_same_posts_give_the_same_record_byte_for_byte() -> None:
    window = [post(n, f"refund fails number{n % 7}") for n in range(20)]
    before = [post(n, f"van number{n} is fine") for n in range(100)]
    assert to_json(explain(SPIKE, window, before)) == to_json(explain(SPIKE, window, before))


def test_what_the_posts_carry_beyond_json_is_stored_as_text_rather_than_failing() -> None:
    odd = replace(post(1).mention, extra={"when": NOON, "kind": {1}})
    kept = from_json(to_json(explained(replace(post(1), mention=odd)))).top_posts[0].mention.extra
    assert kept == {"when": "2026-03-11T12:00:00+00:00", "kind": "{1}"}


FIRST_VERSION = (
    "version", "spike", "authors", "unhappy_authors", "negative_share", "reach", "platforms", "terms", "top_posts",
    "model",
)  # fmt: skip


def test_a_record_from_before_stories_and_stars_is_read() -> None:
    record = json.loads(to_json(explained(post(1, "late again"))))
    record["version"] = 1
    for name in list(record):
        if name not in FIRST_VERSION:
            del record[name]
    del record["spike"]["slice"]
    for old in record["top_posts"]:
        del old["story"], old["slices"], old["mention"]["quoted"], old["mention"]["rating"], old["mention"]["region"]
    read = from_json(json.dumps(record))
    assert (read.top_posts, read.platforms) == (explained(post(1, "late again")).top_posts, {"x": 1})
    assert (read.posts, read.parts, read.typical_posts, read.share, read.near) == (None, (), (), None, ())
    assert differences(read, explained(post(1, "late again"))) == []


def test_a_record_of_a_later_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"is of version 3; this program reads version 2"):
        from_json(json.dumps({**json.loads(to_json(explained())), "version": 3}))


@pytest.mark.parametrize("damaged", ["", "{", "[]", "null", "{}", '{"version":1}', '{"version":1,"spike":{}}'])
def test_a_damaged_record_is_refused_in_a_sentence(damaged: str) -> None:
    with pytest.raises(ValueError, match="a stored explanation cannot be read"):
        from_json(damaged)
