"""What a test does, as sentences with their times: its output reads like a report."""

import time
from collections.abc import Generator
from contextlib import contextmanager

_BEGAN_S = time.monotonic()


@contextmanager
def step(sentence: str) -> Generator[None]:
    """Says what is done, since when, and how long it took, whether it worked or not."""
    began_s = time.monotonic()
    print(f"[{began_s - _BEGAN_S:7.1f} s] {sentence} ...", flush=True)
    try:
        yield
    except BaseException as problem:
        took_s = time.monotonic() - began_s
        print(f"              failed after {took_s:.1f} s: {type(problem).__name__}", flush=True)
        raise
    print(f"              {time.monotonic() - began_s:.1f} s", flush=True)


def say(sentence: str) -> None:
    """Something that was seen or measured."""
    print(f"              {sentence}", flush=True)
