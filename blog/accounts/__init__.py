"""Accounts: one folder for each subject."""
