"""Applications for an account, and the decisions about them."""
