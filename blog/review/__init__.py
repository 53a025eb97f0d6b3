"""Holding texts for review before others can read them."""
