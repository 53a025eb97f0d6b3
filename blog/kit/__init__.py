"""What any web application could use: it knows nothing of blogging."""
