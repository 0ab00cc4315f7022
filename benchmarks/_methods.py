"""All methods of the comparison, by name: what people use, what was published, and the oracle."""

from benchmarks import _methods_bursts, _methods_ears, _methods_models, _methods_simple, _methods_tail

EVERY = (
    *_methods_simple.METHODS,
    *_methods_ears.METHODS,
    *_methods_tail.METHODS,
    *_methods_bursts.METHODS,
    *_methods_models.METHODS,
)
ORACLE = _methods_bursts.ORACLE
