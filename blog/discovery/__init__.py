"""Metadata for search engines and other sites."""
