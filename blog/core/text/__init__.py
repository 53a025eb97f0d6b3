"""Text processing: Markdown, excerpts, cleaning, validation; and a process pool to run it in."""
