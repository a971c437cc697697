"""Short histories written as lines of time.

One line is one operation of its own client. The columns are moments: `|` is the invocation and
the return, and a line that never closes is unknown:

    |--append 1--|
           |--read => 1,--|
        |--append 2..
"""

import re

from bitebyte.simulation.history import Operation, Outcome, Value

LINE = re.compile(r"\|-*(?P<what>[^|]*?)(?P<open>\.\.|-*\|)$")
WHAT = re.compile(r"(?P<kind>\w+) ?(?P<input>[\w ,]*?)(?P<answer> ?(?:=> ?.*|!|x))?$")


def drawn(model: str, picture: str) -> list[Operation]:
    """The operations of a picture: `kind input`, then ` => output`, ` !` refused, ` x` dropped.
    Inputs and outputs are integers or, with commas, lists of them."""
    operations: list[Operation] = []
    for line in picture.splitlines():
        if not line.strip():
            continue
        body = line.strip()
        match = LINE.match(body)
        assert match, f"cannot read {line!r}"
        what = WHAT.match(match["what"])
        assert what, f"cannot read {match['what']!r}"
        start = line.index("|")
        is_open = match["open"] == ".."
        answer = (what["answer"] or "").strip()
        outcome = {"!": Outcome.REFUSED, "x": Outcome.DROPPED}.get(answer, Outcome.OK)
        operations.append(
            Operation(
                id=len(operations) + 1,
                client=len(operations) + 1,
                model=model,
                key="k",
                kind=what["kind"],
                input=_value(what["input"]),
                output=_value(answer.removeprefix("=>")) if answer.startswith("=>") else None,
                outcome=Outcome.UNKNOWN if is_open else outcome,
                invoked_at=start,
                returned_at=None if is_open else len(line.rstrip()) - 1,
            )
        )
    return operations


def _value(text: str) -> Value:
    text = text.strip()
    if not text or text == "None":
        return None
    if text == "empty":
        return []
    if "," in text:
        return [int(part) for part in text.split(",") if part.strip()]
    return int(text)
