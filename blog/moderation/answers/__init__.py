"""Templates for moderators' messages to people."""
