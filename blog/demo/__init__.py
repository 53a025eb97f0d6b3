"""Demo data: invented users and content, at any size, from a seed."""
