"""Feeds of posts: Atom and JSON Feed."""
