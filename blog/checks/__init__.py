"""Is this site fit for production? Each module looks at one side of it, for `blog check`."""
