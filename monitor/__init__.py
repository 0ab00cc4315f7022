"""Sentiment Monitor: brand mentions in, alerts out, before the complaints arrive.

The map, one room a line; docs/architecture.md says what each room may import:

    domain errors clock     the kernel: values, errors, time
    ports plugins settings  what a plugin promises, how it is found, how it is set up
    collectors/             read one platform each
    detectors/ analysis/    series in, spikes out; pure maths
    alerting/               pure decisions: what is told, in which words
    notifiers/ exporters/   carry a message out; write rows out
    store/                  all SQL
    pipeline/               the verbs, and their order in tick.py
    cli/                    one file per verb
"""

__version__ = "0.1.0"
