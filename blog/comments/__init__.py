"""Comments under posts: writing, editing and deleting them, and reading them in pages."""
