"""Moderation: reports and moderation actions."""
