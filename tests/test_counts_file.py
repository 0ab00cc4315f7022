"""Counts as CSV: every odd row is set aside with its line and reason, and the rest goes through."""

import csv
import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isnan
from pathlib import Path

import pytest

from monitor.counts_file import Counts, alert_rows, read_counts, write_alerts, write_scores
from monitor.domain import Phase, Reading, Spike
from monitor.errors import InputError

START = datetime(2026, 3, 2, 0, 2, 53, tzinfo=UTC)
STEP = timedelta(minutes=5)


def stamp(at: int) -> str:
    return (START + at * STEP).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(folder: Path, *lines: str, header: str = "brand,bucket_start,mentions,negatives") -> Counts:
    file = folder / "counts.csv"
    file.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return read_counts(file)


def test_brands_may_be_interleaved_and_columns_in_any_order(tmp_path: Path) -> None:
    lines = [f"{at},x,{at + 3},{stamp(at)},{brand}" for at in range(3) for brand in ("Acme", "Bolt")]
    found = read(tmp_path, *lines, header="negatives,note,mentions,bucket_start,brand")
    assert [series.brand for series in found.series] == ["Acme", "Bolt"]
    assert found.series[0].step == found.step == STEP
    assert [(bucket.negatives, bucket.mentions) for bucket in found.series[1].buckets] == [(0, 3), (1, 4), (2, 5)]
    assert found.rejects == ()


def test_a_missing_row_is_no_data(tmp_path: Path) -> None:
    found = read(tmp_path, *(f"Acme,{stamp(at)},5,1" for at in (0, 1, 2, 9, 10)))
    assert [bucket.start for bucket in found.series[0].buckets] == [START + at * STEP for at in (0, 1, 2, 9, 10)]


def test_missing_mentions_are_unknown_and_never_zero(tmp_path: Path) -> None:
    without = read(tmp_path, f"Acme,{stamp(0)},1", header="brand,bucket_start,negatives")
    empty = read(tmp_path, f"Acme,{stamp(0)},,1")
    assert isnan(without.series[0].buckets[0].mentions)
    assert isnan(empty.series[0].buckets[0].mentions)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"Acme,{stamp(2)},5,-1", "not a number from 0"),
        (f"Acme,{stamp(2)},5,nan", "not a number from 0"),
        (f"Acme,{stamp(2)},inf,1", "not a number from 0"),
        (f"Acme,{stamp(2)},5,1e12", "not a number from 0"),
        (f"Acme,{stamp(2)},5,many", "not a number from 0"),
        (f"Acme,{stamp(2)},5", "not a number from 0"),
        (f"Acme,{stamp(2)},5,6", "exceed mentions"),
        ("Acme,yesterday,5,1", "is not a time"),
        ("Acme,2026-02-30T00:00:00Z,5,1", "is not a time"),
        ("Acme,0001-01-01T00:00:00Z,5,1", "outside the years"),
        (f",{stamp(2)},5,1", "brand must be text"),
        (f"{'x' * 300},{stamp(2)},5,1", "brand must be text"),
        (f"Acme,{stamp(1)},5,1", "repeats the slot of line 3"),
        (f"Acme,{stamp(0)},5,1", "repeats|earlier than line 3"),
        ("Acme,2026-03-02T00:14:00Z,5,1", "between the brand's steps of 5 minutes"),
    ],
)
def test_a_bad_row_is_set_aside_with_line_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    good = [f"Acme,{stamp(at)},5,1" for at in (0, 1, 3, 4, 5)]
    found = read(tmp_path, *good[:2], line, *good[2:])
    assert [reject.line for reject in found.rejects] == [4]
    assert any(part in found.rejects[0].reason for part in reason.split("|"))
    assert len(found.series[0].buckets) == 5
    assert len(found.rows) == 6


def test_an_hour_that_the_clock_repeats_is_set_aside_unless_its_times_say_their_zone(tmp_path: Path) -> None:
    places = [f"2026-10-25T0{hour}:{minute:02}:00" for hour in (1, 2, 2, 3) for minute in (0, 30)]
    bare = read(tmp_path, *(f"Acme,{text},5,1" for text in places))
    assert [reject.line for reject in bare.rejects] == [6, 7]
    assert "earlier than line 5" in bare.rejects[0].reason
    zones = ["+02:00"] * 4 + ["+01:00"] * 4
    told = read(tmp_path, *(f"Acme,{text}{zone},5,1" for text, zone in zip(places, zones, strict=True)))
    assert told.rejects == ()
    steps = {later.start - sooner.start for sooner, later in pairwise(told.series[0].buckets)}
    assert steps == {timedelta(minutes=30)}


def test_a_post_of_ten_years_ago_costs_its_row_or_nothing(tmp_path: Path) -> None:
    old = "Acme,2016-03-02T00:02:53Z,5,1"
    good = [f"Acme,{stamp(at)},5,1" for at in range(4)]
    first, late = read(tmp_path, old, *good), read(tmp_path, *good[:2], old, *good[2:])
    assert (first.step, len(first.series[0].buckets), first.rejects) == (STEP, 5, ())
    assert [(reject.line, "is earlier than line 3" in reject.reason) for reject in late.rejects] == [(4, True)]


def test_every_bad_row_of_a_bad_day_has_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    good = [f"Acme,{stamp(at)},5,1" for at in range(300)]
    bad = {
        12: f"Acme,{stamp(10)},5,-3",
        50: f"Acme,{stamp(20)},5,1",
        90: "Acme,,5,1",
        200: f"Acme,{stamp(198)},1e300,1",
    }
    lines = list(good)
    for line, text in bad.items():
        lines.insert(line - 2, text)
    found = read(tmp_path, *lines)
    assert [reject.line for reject in found.rejects] == list(bad)
    assert all(reject.reason and "\n" not in reject.reason for reject in found.rejects)
    assert len(found.series[0].buckets) == 300


def test_bytes_that_are_no_text_and_monstrous_cells_cost_their_row_only(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    rows = [f"Acme,{stamp(at)},5,1".encode() for at in range(3)]
    bad = [b"\xff\xfe," + stamp(3).encode() + b",5,1", b"A\x00cme," + stamp(3).encode() + b",5,1", b"x" * 200_000]
    file.write_bytes(b"\n".join([b"\xef\xbb\xbfbrand,bucket_start,mentions,negatives", *bad, *rows]))
    found = read_counts(file)
    assert [reject.line for reject in found.rejects] == [2, 3, 4]
    assert len(found.series[0].buckets) == 3


@pytest.mark.parametrize("text", ["", "brand,when,count\n", "\n\n", "x" * 200_000])
def test_a_file_without_the_columns_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError, match="header"):
        read_counts(file)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_counts(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_counts(tmp_path)


def test_rows_a_second_apart_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least a minute"):
        read(tmp_path, *(f"Acme,2026-03-02T00:00:0{second}Z,5,1" for second in range(5)))


def spike(phase: Phase, hours: int, severity: str = "low", brand: str = "Acme") -> Spike:
    return Spike(
        brand=brand,
        rule="counts",
        phase=phase,
        fired_at=START + timedelta(hours=hours),
        onset=START,
        window=timedelta(hours=1),
        observed=12.0,
        expected=3.25,
        mentions=None,
        probability=1e-6,
        score=1.5,
        severity=severity,
    )


def cells(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def test_an_episode_is_one_row_with_its_worst_severity(tmp_path: Path) -> None:
    file = tmp_path / "alerts.csv"
    spikes = [spike(Phase.OPENED, 1), spike(Phase.WORSENED, 2, "high"), spike(Phase.CLOSED, 3), spike(Phase.OPENED, 30)]
    assert write_alerts(spikes, file) == 2
    header, first, second = cells(file)
    assert header == ["brand", "fired_at", "onset", "observed", "expected", "score", "severity", "resolved_at"]
    assert first[1:] == [
        "2026-03-02T01:02:53Z", "2026-03-02T00:02:53Z", "12", "3.25", "1.5", "high", "2026-03-02T03:02:53Z",
    ]  # fmt: skip
    assert second[-1] == ""


def test_alerts_of_several_brands_are_told_in_order_of_time() -> None:
    rows = alert_rows([spike(Phase.OPENED, 5), spike(Phase.OPENED, 2, brand="Bolt")])
    assert [row["brand"] for row in rows] == ["Bolt", "Acme"]


def test_scores_have_one_row_for_each_row_of_the_input(tmp_path: Path) -> None:
    found = read(tmp_path, f"=Acme,{stamp(0)},5,1", "=Acme,never,5,1", f"Bolt,{stamp(0)},5,1", f"=Acme,{stamp(1)},5,1")
    readings = {
        series.brand: [Reading(start=bucket.start, anomaly_score=0.25, expected=None) for bucket in series.buckets]
        for series in found.series
    }
    file = tmp_path / "scores.csv"
    assert write_scores(found, readings, file) == 4
    assert cells(file) == [
        ["brand", "bucket_start", "anomaly_score"],
        ["'=Acme", stamp(0), "0.250000"],
        ["'=Acme", "never", ""],
        ["Bolt", stamp(0), "0.250000"],
        ["'=Acme", stamp(1), "0.250000"],
    ]


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    found = read(tmp_path, f"Acme,{stamp(0)},5,1")
    broken: dict[str, list[Reading]] = {"Acme": [None]}  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        write_scores(found, broken, file)
    assert [path.name for path in tmp_path.iterdir()] == ["counts.csv"]
    with pytest.raises(InputError, match="cannot be written"):
        write_alerts([], tmp_path / "nowhere" / "alerts.csv")


def test_without_a_file_name_the_rows_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    write_alerts([spike(Phase.OPENED, 1)], None)
    assert capsys.readouterr().out.startswith("brand,fired_at,")


def test_a_pipe_that_is_named_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_alerts([], pipe)
        assert os.read(reading, 999).startswith(b"brand,fired_at")
    finally:
        os.close(reading)
    assert pipe.is_fifo()


def test_a_row_between_the_steps_costs_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    times = ["00:00", "00:05", "00:13", "00:10", "00:15", "00:20"]
    path.write_text("brand,bucket_start,negatives\n" + "".join(f"A,2026-03-11T{time}:00Z,1\n" for time in times))
    read = read_counts(path)
    assert [(row.line, row.reason) for row in read.rejects] == [(4, "lies between the brand's steps of 5 minutes")]
    assert len(read.series[0].buckets) == 5


@pytest.mark.parametrize("at", [0, 1, 6])
def test_a_row_from_the_far_future_costs_no_other_row(tmp_path: Path, at: int) -> None:
    lines = [f"Acme,{stamp(bucket)},5,1" for bucket in range(12)]
    found = read(tmp_path, *lines[:at], "Acme,2035-03-02T00:02:53Z,5,1", *lines[at:])
    assert [(row.line, "later than most rows" in row.reason) for row in found.rejects] == [(at + 2, True)]
    assert len(found.series[0].buckets) == 12


def test_of_rows_in_disorder_as_few_as_can_be_are_set_aside(tmp_path: Path) -> None:
    order = [0, 1, 2, 9, 3, 4, 4, 5, 6, 2, 7, 8, 9, 10]
    found = read(tmp_path, *(f"Acme,{stamp(bucket)},5,1" for bucket in order))
    assert [row.line for row in found.rejects] == [5, 8, 11]
    assert [row.reason.split(" ")[0:2] for row in found.rejects] == [
        ["is", "later"],
        ["repeats", "the"],
        ["is", "earlier"],
    ]
    assert [bucket.start for bucket in found.series[0].buckets] == sorted(
        bucket.start for bucket in found.series[0].buckets
    )


def test_days_that_begin_an_hour_earlier_in_summer_are_days_still(tmp_path: Path) -> None:
    days = [f"2026-03-{day:02}T00:00:00+0{1 if day < 30 else 2}:00" for day in range(20, 32)]
    found = read(tmp_path, *(f"Acme,{text},5,1" for text in [*days, *(f"2026-04-0{n}T00:00:00+02:00" for n in (1, 2))]))
    assert found.rejects == ()
    assert {later.start - sooner.start for sooner, later in pairwise(found.series[0].buckets)} == {timedelta(days=1)}
    assert len({row.start for row in found.rows}) == 14, "each row finds its score"


def test_a_clock_that_is_set_costs_no_row(tmp_path: Path) -> None:
    times = [START + STEP * n + (timedelta(minutes=2) if n >= 7 else timedelta(0)) for n in range(12)]
    found = read(tmp_path, *(f"Acme,{time.isoformat()},5,1" for time in times))
    assert found.rejects == ()
    assert found.series[0].buckets[-1].start == START + STEP * 12, "never before its time"
