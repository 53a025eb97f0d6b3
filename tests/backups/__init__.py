"""Backups: made, restored, damaged, deleted and proven."""
