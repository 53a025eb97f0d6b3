"""The kinds of sources, one file each. They run in the reading process, without the application."""
