"""File storage: a folder by default, or an S3-compatible store."""
