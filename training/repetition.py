"""How much of a text repeats itself: the share of its n-grams that already occurred earlier in it."""

from collections.abc import Sequence


def repeated_share(ids: Sequence[int], n: int = 4) -> float:
    """Share of repeated n-grams, 0 … 1: 1 - distinct / all. Texts shorter than n tokens have 0."""
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
