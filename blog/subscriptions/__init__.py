"""An author's posts by mail, for readers who need no account."""
