"""Templates of what moderators write to people."""
