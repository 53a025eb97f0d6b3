"""What every page shares: the application object, errors, forms, CSRF, headers, limits, logs."""
