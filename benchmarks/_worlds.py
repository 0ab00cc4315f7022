"""Where invented brands come from: a plain world and a harsh one, by name."""

from collections.abc import Callable

from benchmarks._harsh import simulate_harsh
from benchmarks._simulator import Brand, simulate

WORLDS: dict[str, Callable[[int, int], Brand]] = {"plain": simulate, "harsh": simulate_harsh}
TRAINING = 1_000_000  # added to a seed where limits are solved, so that nothing is measured where it was tuned


def brands(world: str, count: int, weeks: int, seed: int) -> list[Brand]:
    """So many brands of one world, by rising seed."""
    return [WORLDS[world](each, weeks) for each in range(seed, seed + count)]
