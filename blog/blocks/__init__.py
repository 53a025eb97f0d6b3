"""Muting and blocking people, and hiding words and tags."""
