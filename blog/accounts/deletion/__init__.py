"""Deleting an account, and exporting its data before."""
