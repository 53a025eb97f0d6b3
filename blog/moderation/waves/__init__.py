"""Acting on a wave of accounts at once, and taking that back."""
