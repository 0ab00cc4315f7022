"""The verbs, each a function `run(...) -> Report`: read what is pending, call one port, commit, report.

Only this room joins a port to the store. `tick.py` is the order, `schedule.py` says when. Knows no plugin by name.
"""
