"""Invitations: making them, using them, and who invited whom."""
