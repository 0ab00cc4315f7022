"""The store: all SQL of the program, and nothing else of it. One SQLite file, one writer, one `Store` to hold on to.

Knows the values of the domain and how they lie in tables; knows no plugin, no model and no rule. The store is the
queue: each group of tables can say what is pending. Times lie in the tables as milliseconds since 1970.
"""

from monitor.store.store import Store

__all__ = ["Store"]
