"""Writing on a page of its own: drafts, working copies, and their publication."""
