"""The editor: drafts, working copies, and publishing them."""
