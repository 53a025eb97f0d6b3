"""Likes and bookmarks."""
