"""Background jobs, and the loops that run them."""
