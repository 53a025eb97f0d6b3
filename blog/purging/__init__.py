"""Purging changed pages from caches in front of the site."""
