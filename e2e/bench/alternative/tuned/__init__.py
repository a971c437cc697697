"""The tuned alternative: an order is one row, written by a transaction of two statements."""
