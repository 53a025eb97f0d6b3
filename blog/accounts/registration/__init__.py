"""Registration and confirmation of the address."""
