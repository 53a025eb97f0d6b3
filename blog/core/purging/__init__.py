"""Caches in front of the site: the surrogate keys of pages, and which have changed."""
