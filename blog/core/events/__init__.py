"""Domain events: recorded where they happen, passed to handlers, and kept in a log."""
