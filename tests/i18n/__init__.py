"""Texts in the language of the reader."""
