"""Posts: writing them and reading them."""
