"""Files: in a folder by default, in any S3-compatible store in production."""
