"""Logging in with OpenID Connect (OpenID Connect Core 1.0), by the issuers of the settings."""
