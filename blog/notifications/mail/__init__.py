"""Notifications by email, at once or in a digest."""
