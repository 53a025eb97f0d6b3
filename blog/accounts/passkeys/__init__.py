"""Passkeys (Web Authentication, Level 3): logging in without a password, or as a second factor."""
