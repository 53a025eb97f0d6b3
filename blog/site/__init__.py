"""Pages that put several features together."""
