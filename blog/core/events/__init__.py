"""Domain events: what happened, recorded where it happens, heard by handlers, kept in a log."""
