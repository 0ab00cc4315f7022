"""An invented alert: it tries the templates before they are needed, and tests a receiver. Knows no brand of the user.

Its texts are written for the purpose; its times are fixed, so that the same words come out each time.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.domain import (
    Alert,
    Author,
    Explanation,
    Flood,
    Hearing,
    Incident,
    IncidentStatus,
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

ONSET = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
TOLD = ONSET + timedelta(minutes=70)


def alert(phase: Phase = Phase.OPENED) -> tuple[Alert, Incident]:
    """An alert with everything that can be known, and its incident."""
    at = {Phase.OPENED: TOLD, Phase.WORSENED: TOLD + timedelta(hours=1), Phase.CLOSED: TOLD + timedelta(hours=9)}[phase]
    explanation = Explanation(
        spike=_spike(phase, at),
        authors=40,
        unhappy_authors=27,
        negative_share=0.71,
        reach=15_450,
        platforms={"bluesky": 7, "x": 20},
        terms=(Term(text="parcel lost", count=14, z=5.1), Term(text="refund", count=9, z=4.0)),
        top_posts=(_post("1", "rosa", 12_000, "Third week and my parcel is still lost. Nobody answers the phone."),),
        model="bundled",
        stories=(Story(posts=14, authors=14, reach=13_200, platform="x", native_id="1"),),
        floods=(Flood(posts=14, total=27),),
        posts=60,
        parts=_parts(),
        typical_posts=(_post("2", "kim", 300, "Still no parcel, and the refund that I was promised never came."),),
        new_authors=19,
        unhappy_before=3,
        share=Range(estimate=0.71, low=0.6, high=0.8),
        corrected=Range(estimate=0.65, low=0.52, high=0.77),
        risks=(Risk(of="reached", people=15_450, rate=0.01), Risk(of="unhappy", people=27, rate=20.0)),
        hearing=(Hearing(source="forum", state="blind", since=ONSET - timedelta(minutes=20), until=None),),
        near=(NearRule(rule="share", slice="", score=0.7),),
        rule_version="counts CountsOptions()",
    )
    return Alert(id=3, incident_id=7, phase=phase, at=at, explanation=explanation), _incident(phase, at)


def _parts() -> tuple[Part, ...]:
    """Of 27 more than usual: most on one platform, most about the delivery, and a good part in one conversation."""
    told = (("platform", "x", 20, 22.2, 2.2), ("platform", "bluesky", 7, 9.0, 2.0), ("platform", None, 0, 0.0, 0.0),
            ("touchpoint", "delivery", 22, 25.2, 1.2), ("touchpoint", None, 5, 6.0, 3.0))  # fmt: skip
    places = tuple(
        Part(kind=kind, value=value, posts=posts, observed=observed, expected=expected)
        for kind, value, posts, observed, expected in told
    )
    thread = Part(
        kind="thread", value="77", posts=9, observed=9.5, expected=0.0, platform="x", native_id="1"
    )  # fmt: skip
    return (*places, thread)


def bare(phase: Phase = Phase.OPENED) -> tuple[Alert, Incident]:
    """The same alert, with nothing known but the counts."""
    full, incident = alert(phase)
    explanation = Explanation(
        spike=replace(full.explanation.spike, mentions=None),
        authors=None,
        unhappy_authors=None,
        negative_share=None,
        reach=None,
        platforms={},
        terms=(),
        top_posts=(),
        model=None,
    )
    return replace(full, explanation=explanation), incident


def _spike(phase: Phase, at: datetime) -> Spike:
    return Spike(
        brand="Example",
        rule="default",
        phase=phase,
        fired_at=at,
        onset=ONSET,
        window=timedelta(hours=1),
        observed=4.0 if phase is Phase.CLOSED else 31.2,
        expected=4.2,
        mentions=60.0,
        probability=0.6 if phase is Phase.CLOSED else 1e-9,
        score=0.3 if phase is Phase.CLOSED else 1.6,
        severity="high" if phase is Phase.WORSENED else "medium",
    )


def _incident(phase: Phase, at: datetime) -> Incident:
    over = phase is Phase.CLOSED
    return Incident(
        id=7,
        brand="Example",
        rule="default",
        opened_at=TOLD,
        onset=ONSET,
        status=IncidentStatus.RESOLVED if over else IncidentStatus.FIRING,
        severity="medium" if phase is Phase.OPENED else "high",
        resolved_at=at if over else None,
    )


def _post(native_id: str, handle: str, followers: int, text: str) -> ScoredMention:
    mention = Mention(
        platform="x",
        native_id=native_id,
        text=text,
        published_at=ONSET + timedelta(minutes=5),
        author=Author(handle=handle, followers=followers),
        url=f"https://example.org/{handle}/{native_id}",
    )
    return ScoredMention(
        mention=mention,
        brand="Example",
        model="bundled",
        negative=0.95,
        neutral=0.04,
        positive=0.01,
        label=Label.NEGATIVE,
    )
