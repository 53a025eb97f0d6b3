"""Moderators' notes about people."""
