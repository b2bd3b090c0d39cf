"""The garbage collector, set for batches.

A poll makes tens of thousands of objects that live for a moment and hold no cycles. At Python's
defaults the collector walks them, and all imported code with them, again and again: half of a
consumer's time. So what is there when work begins is left out of its walks, and it walks rarely.
"""

import gc

# More than the polls in hand ever hold at once, each record with its dozen headers.
_YOUNG_OBJECTS = 400_000

_done = False


def prepare() -> None:
    """Once per process, when its first consumer or relay starts."""
    global _done  # noqa: PLW0603 - the collector is the process's as well
    if _done:
        return
    _done = True
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)
