"""Notifications by mail: at once, or in a digest."""
