"""An author's posts by email, for readers without an account."""
