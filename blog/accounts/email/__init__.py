"""Changing the e-mail address."""
