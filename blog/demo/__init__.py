"""A demonstration: invented people and what they write, at any size, from one seed."""
