"""The environment of the programs that the suites start."""

import os
from pathlib import Path

_BYTECODE_DIR = Path(__file__).resolve().parents[2] / "build" / "bytecode"


def child_environment() -> dict[str, str]:
    """Ours, with compiled bytecode kept in the build folder even where writing it is switched
    off. Without it each of the many starts compiles every imported module anew: 1.7 s of CPU for
    1,700 of them, and 8 instead of 2.3 s until a killed node is back under load."""
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(_BYTECODE_DIR)
    return environment
