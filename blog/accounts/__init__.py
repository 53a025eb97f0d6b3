"""Accounts: registering, confirming, logging in and out, and who somebody is."""
