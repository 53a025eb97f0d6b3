"""What can be imported, a file each. Runs in the reading process, without the application."""
