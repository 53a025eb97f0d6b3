"""How often a post is read, for its author, counted without identifying anyone."""
