"""The tree of errors: what is drawn at its top is what there is."""

import inspect
import re
from datetime import timedelta

from monitor import errors
from monitor.errors import MonitorError

DRAWN = {
    name: (int(code), "(retryable" in words)
    for name, code, words in re.findall(r"(\w+) +exit (\d)   (.*)", errors.__doc__ or "")
}
CLASSES = {
    name: item for name, item in vars(errors).items() if inspect.isclass(item) and issubclass(item, MonitorError)
}


def test_the_drawing_is_the_tree() -> None:
    drawn = {name: code for name, (code, _) in DRAWN.items()}
    assert drawn == {name: item.exit_code for name, item in CLASSES.items()}


def test_the_drawing_says_which_may_be_tried_again() -> None:
    told = {name for name, (_, retryable) in DRAWN.items() if retryable}
    # A message is tried again unless its receiver says no; the drawing marks the one that may have arrived.
    assert told == {name for name, item in CLASSES.items() if item.retryable} - {"NotifierError"}


def test_a_branch_keeps_its_exit_code() -> None:
    for item in CLASSES.values():
        for child in item.__subclasses__():
            assert item is MonitorError or child.exit_code == item.exit_code or item is errors.StoreError


def test_a_rate_limit_says_when_and_what_to_turn() -> None:
    error = errors.RateLimited("brand-on-x", timedelta(minutes=15))
    assert str(error).startswith("brand-on-x: rate limited, next try in 900 s.")
    assert "`every`" in str(error)
    assert error.wait == timedelta(minutes=15)


def test_refused_settings_have_one_line_a_problem() -> None:
    error = errors.SettingsError("first", "second")
    assert error.problems == ("first", "second")
    assert str(error) == "first\nsecond"
