"""Measures against people, and appeals against measures."""
