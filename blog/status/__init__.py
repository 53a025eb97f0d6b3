"""Whether the parts of the site work, and when one last did not: the page `/status`."""
