"""One look in, at most one step out: what the operator does next, and what it says about it."""
