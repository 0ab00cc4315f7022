"""A graver incident mutes a milder one, never the other way round, and no two each other."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.inhibition import Inhibition, Open, gravest_first, muted_by
from monitor.alerting.severity import rank


def incident(number: int, severity: str, brand: str = "Acme", rule: str = "counts") -> Open:
    return Open(id=number, brand=brand, rule=rule, severity=severity)


def mutes(grave: Open, mild: Open, **inhibition: object) -> bool:
    return muted_by([Inhibition(**inhibition)], mild, gravest_first([grave, mild])) is not None  # type: ignore[arg-type]


def test_by_default_a_high_incident_mutes_a_low_one_of_the_same_brand() -> None:
    assert mutes(incident(1, "high"), incident(2, "low"))
    assert not mutes(incident(1, "high"), incident(2, "medium"))
    assert not mutes(incident(1, "medium"), incident(2, "low"))
    assert not mutes(incident(1, "high"), incident(2, "low", "Globex"))


def test_it_may_reach_other_brands_and_be_kept_to_some_rules() -> None:
    grave, mild = incident(1, "high", "Acme"), incident(2, "low", "Acme Air", "share")
    assert mutes(grave, mild, brands=("acme",), muted_brands=("acme *",))
    assert not mutes(grave, mild, brands=("globex",), muted_brands=("acme *",))
    assert not mutes(grave, mild, muted_brands=("acme *",), muted_rules=("counts",))
    assert not mutes(grave, mild, muted_brands=("acme *",), rules=("share",))


def test_the_gravest_and_oldest_is_named() -> None:
    others = gravest_first([incident(4, "medium"), incident(3, "high"), incident(2, "high"), incident(1, "low")])
    found = muted_by([Inhibition(severity="medium")], incident(1, "low"), others)
    assert found is not None
    assert found.id == 2


INCIDENTS = st.lists(
    st.tuples(st.sampled_from(["low", "medium", "high"]), st.sampled_from(["Acme", "Globex"])), max_size=6
).map(lambda pairs: [incident(number, *pair) for number, pair in enumerate(pairs)])
INHIBITIONS = st.lists(
    st.sampled_from([("high", "low"), ("high", "medium"), ("medium", "low")]).map(
        lambda pair: Inhibition(severity=pair[0], mutes=pair[1])
    ),
    max_size=3,
)


@given(INCIDENTS, INHIBITIONS)
def test_what_mutes_is_graver_so_that_somebody_is_always_told(open_: list[Open], inhibitions: list[Inhibition]) -> None:
    found = {each: muted_by(inhibitions, each, gravest_first(open_)) for each in open_}
    for mild, grave in found.items():
        assert grave is None or (rank(grave.severity) > rank(mild.severity) and grave.brand == mild.brand)
    assert not open_ or None in found.values()
