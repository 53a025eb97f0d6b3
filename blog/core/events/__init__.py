"""Domain events: recorded in a log, and passed to handlers, in the transaction that causes them."""
