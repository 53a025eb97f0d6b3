"""Text processing: Markdown, excerpts, cleaning, validation, and a process pool for it."""
