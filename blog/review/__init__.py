"""What is held for review before others can read it."""
