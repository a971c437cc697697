"""`python -m bitebyte_operator`."""

from bitebyte_operator.main import run

run()
