"""The obvious alternative: normal tables, foreign keys, one statement a step."""
