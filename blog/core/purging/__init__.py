"""Caches in front of the site: what pages show, by surrogate keys, and which have changed."""
