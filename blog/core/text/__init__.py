"""Texts: Markdown, excerpts, cleaning, validation. Pure functions, and processes to run them in."""
