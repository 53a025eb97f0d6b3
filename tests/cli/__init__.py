"""The command `blog`, as somebody types it."""
