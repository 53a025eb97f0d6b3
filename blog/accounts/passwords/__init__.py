"""Changing and resetting passwords."""
