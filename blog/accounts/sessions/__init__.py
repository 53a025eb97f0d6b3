"""The sessions of people who are logged in."""
