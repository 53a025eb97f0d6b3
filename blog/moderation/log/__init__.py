"""The public log of moderation: its page, its feeds, and the file by which it is checked."""
