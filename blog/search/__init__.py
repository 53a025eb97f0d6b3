"""Searching posts, people and tags."""
