"""Pages that combine several features."""
