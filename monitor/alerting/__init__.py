"""Pure decisions: what becomes of a spike, who is told, in which words, and when to try again.

Knows no store, no plugin and no clock: everything comes in as an argument, and each decision names its reason.
"""
