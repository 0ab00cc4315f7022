"""What makes up a spike: each platform's, touchpoint's, author's, thread's, story's part of the excess. Pure maths.

The spike's observed negatives are shared out over the window's votes by how unhappy each is, its expected ones over the
votes of the time before in the same way; so the parts of one kind add up to the spike itself, whatever was thinned.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain import Outline, Part, Spike

MOST = 6  # values shown of one kind; touchpoints are ten at most
PLACES = ("platform", "touchpoint", "language", "region")
LEAST_POSTS = 2  # of an author, a thread or a story that is shown
Sums = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Held:
    """What the values of one kind have; under "" those posts that tell none."""

    posts: Mapping[str, int]  # unhappy ones, copies included
    observed: Sums
    expected: Sums


def parts(spike: Spike, window: Sequence[Outline], before: Sequence[Outline]) -> tuple[Part, ...]:
    """Each kind's largest parts of the excess, and a line for all others (value None) that makes the sum whole.

    A post about two touchpoints gives each half of its vote. Where nothing is known of the time before, what was
    expected is nobody's: it stands with the others. Where no vote of the window is unhappy, nothing is shared out.
    """
    seen, usual = votes(window), votes(before)
    scale, usual_scale = _scale(spike.observed, seen), _scale(spike.expected, usual) or 0.0
    if scale is None:
        return ()
    found: list[Part] = []
    posts = Counter((post.platform, post.slices) for post in window if post.unhappy)
    observed, expected = _by_place(seen, scale), _by_place(usual, usual_scale)
    for kind in PLACES:
        counts = {value: round(count) for value, count in _spread(kind, posts, whole=True).items()}
        held = _Held(counts, _spread(kind, observed), _spread(kind, expected))
        found.extend(_places(kind, held, spike))
    for kind, name in _WHOSE.items():
        found.extend(_whose(kind, name, spike, window, ((seen, scale), (usual, usual_scale))))
    return tuple(found)


def votes(posts: Sequence[Outline]) -> list[Outline]:
    """Those that were counted, one for each author and story; all of them where nothing tells."""
    return [post for post in posts if post.vote] or list(posts)


def _scale(total: float, counted: Iterable[Outline]) -> float | None:
    summed = sum(post.negative for post in counted)
    return total / summed if summed > 0.0 else None


# Where: kinds with few values, in which every post is


Place = tuple[str, tuple[str, ...]]  # platform and slices: posts that share them share every value


def _by_place(posts: Iterable[Outline], scale: float) -> dict[Place, float]:
    sums: dict[Place, float] = {}
    for post in posts:
        place = (post.platform, post.slices)
        sums[place] = sums.get(place, 0.0) + post.negative
    return {place: scale * total for place, total in sums.items()}


def _spread(kind: str, sums: Mapping[Place, float], *, whole: bool = False) -> Sums:
    """Sums by value of one kind: shared out in equal parts where there are several, or given `whole` to each."""
    start, found = f"{kind}=", Sums()
    for (platform, slices), total in sums.items():
        told = [each.removeprefix(start) for each in slices if each.startswith(start)]
        values = [platform] if kind == "platform" else told or [""]
        for value in values:
            found[value] = found.get(value, 0.0) + (total if whole else total / len(values))
    return found


def _places(kind: str, held: _Held, spike: Spike) -> Iterator[Part]:
    values = sorted(
        {*held.observed, *held.expected} - {""},
        key=lambda value: (held.expected.get(value, 0.0) - held.observed.get(value, 0.0), value),
    )
    kept = values[: 10 if kind == "touchpoint" else MOST]
    yield from _with_others(kind, spike, held, {value: Part(
        kind=kind, value=value, posts=held.posts.get(value, 0), observed=held.observed.get(value, 0.0),
        expected=held.expected.get(value, 0.0),
    ) for value in kept})  # fmt: skip


# Whose: kinds with many values, of which most have one post


def _author(post: Outline) -> str:
    return f"{post.platform}\0{post.author}" if post.author else ""


def _thread(post: Outline) -> str:
    return f"{post.platform}\0{post.thread}" if post.thread else ""


def _story(post: Outline) -> str:
    return "" if post.story is None else str(post.story)


Name = Callable[[Outline], str]
_WHOSE: Mapping[str, Name] = {"author": _author, "thread": _thread, "story": _story}


def _whose(
    kind: str, name: Name, spike: Spike, window: Sequence[Outline],
    counted: tuple[tuple[Sequence[Outline], float], tuple[Sequence[Outline], float]],
) -> Iterator[Part]:  # fmt: skip
    posts = Counter(name(post) for post in window if post.unhappy)
    named = sorted((value for value in posts if value), key=lambda value: (-posts[value], value))[:MOST]
    kept = [value for value in named if posts[value] >= LEAST_POSTS]
    if not kept:
        return
    observed, expected = (_of(kept, name, *each) for each in counted)
    example: dict[str, Outline] = {}
    for post in window:
        value = name(post) if post.unhappy else ""
        if value in observed and (value not in example or (post.seen or 0) > (example[value].seen or 0)):
            example[value] = post
    yield from _with_others(kind, spike, _Held(posts, observed, expected), {value: Part(
        kind=kind, value=_shown(kind, example[value]), posts=posts[value], observed=observed[value],
        expected=expected[value], platform=example[value].platform, native_id=example[value].native_id,
    ) for value in kept})  # fmt: skip


def _of(kept: Sequence[str], name: Name, posts: Iterable[Outline], scale: float) -> Sums:
    sums = dict.fromkeys(kept, 0.0)
    for post in posts:
        if (value := name(post)) in sums:
            sums[value] += scale * post.negative
    return sums


def _with_others(kind: str, spike: Spike, held: _Held, shown: Mapping[str, Part]) -> Iterator[Part]:
    if not shown:
        return
    yield from shown.values()
    yield Part(
        kind=kind, value=None, posts=sum(count for value, count in held.posts.items() if value not in shown),
        observed=spike.observed - sum(part.observed for part in shown.values()),
        expected=spike.expected - sum(part.expected for part in shown.values()),
    )  # fmt: skip


def _shown(kind: str, post: Outline) -> str:
    """What a value is called: an author by handle; a thread or a story by the platform's id of one of its posts."""
    if kind == "author":
        return post.handle or post.author or ""
    return post.thread or post.native_id if kind == "thread" else post.native_id


def newcomers(window: Sequence[Outline], before: Sequence[Outline]) -> tuple[int | None, int | None]:
    """Of the window's unhappy authors: how many were not heard of the brand before, how many were unhappy before.

    None where the window tells no author, or where nothing is known of the time before.
    """
    unhappy = {(post.platform, post.author) for post in window if post.unhappy and post.author}
    if not before or not any(post.author for post in window):
        return None, None
    known = {(post.platform, post.author) for post in before if post.author}
    complained = {(post.platform, post.author) for post in before if post.author and post.unhappy}
    return len(unhappy - known), len(unhappy & complained)


def likeliest(posts: Iterable[Outline]) -> tuple[int, int, int]:
    """How many votes are likeliest negative, neutral, positive: what a confusion matrix corrects."""
    counts = Counter(post.likeliest for post in posts)
    return counts[0], counts[1], counts[2]
