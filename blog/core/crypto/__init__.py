"""Hashing passwords, refusing weak ones, and signing what comes back to us."""
