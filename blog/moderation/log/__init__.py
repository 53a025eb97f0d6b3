"""The public log of moderation: its page, its feeds, and the file for verifying it."""
