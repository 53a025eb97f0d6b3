"""The background jobs as an administrator sees them."""
