"""Logging in and out, by password."""
