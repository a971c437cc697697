"""Upper bounds of what the state may hold, in one place for the edge and the state machine.

The edge refuses with a field pointer; the state machine refuses again, so that no bug above it
can put a row into the log that overflows a column or a browser's number.
"""

from typing import Final

ORDER_LINES_MAX: Final = 50
ORDER_LINE_QUANTITY_MAX: Final = 100
ORDER_NOTE_LENGTH_MAX: Final = 280
"""Characters; what a bartender can take in at a glance."""

PRICE_MINOR_MAX: Final = 1_000_000_000
"""Times 50 lines of 100 it is 5 × 10^12, exact in a JavaScript number."""

QUANTITY_BASE_MAX: Final = 10**12
"""Of one amount that is typed: a million litres, or a tonne."""

ON_HAND_BASE_MAX: Final = 10**15
"""Below 2^53, so that a browser shows it exactly."""

RECIPE_LINES_MAX: Final = 50

NAME_LENGTH_MAX: Final = 120
SECTION_LENGTH_MAX: Final = 80
DESCRIPTION_LENGTH_MAX: Final = 2_000
REASON_LENGTH_MAX: Final = 280

MENU_FILE_BYTES_MAX: Final = 2 * 1024 * 1024
MENU_FILE_ROWS_MAX: Final = 5_000
MENU_FILE_ERRORS_MAX: Final = 5_000
"""Errors that an import lists; more are only counted. One for each row: whoever imports a whole
collection wants the reason of every line that was refused."""

IDEMPOTENCY_WINDOW_MS: Final = 24 * 3600 * 1000
"""How long a repeat is recognised, by the time in the repeating command.

The state machine decides by this alone, so replicas agree however late each of them deletes
the old record.
"""

IDEMPOTENCY_DELETE_AFTER_MS: Final = 2 * IDEMPOTENCY_WINDOW_MS
"""Age by log time from which a replica may delete a record. Twice the window: a node whose clock
is up to a day behind still cannot ask for a record that some replica has deleted."""
