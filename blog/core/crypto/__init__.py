"""Password hashing, weak passwords, and signed or opaque tokens."""
