"""Invitations: creating them, using them, and the tree of who invited whom."""
