"""Reauthentication: users prove again who they are before a sensitive action."""
