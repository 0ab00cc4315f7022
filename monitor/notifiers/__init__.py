"""Notifiers: each file carries a message to one kind of receiver, once, and says whether it arrived.

They know neither alerts nor the outbox: when to try again is not theirs to decide.
"""
