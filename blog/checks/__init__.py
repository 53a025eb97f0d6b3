"""The checks of `blog check`, one module per subject."""
