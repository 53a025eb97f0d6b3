"""The parts that all pages share: the application, errors, forms, CSRF, headers, limits, logs."""
