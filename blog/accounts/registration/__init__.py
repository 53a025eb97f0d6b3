"""Getting an account and confirming its address."""
