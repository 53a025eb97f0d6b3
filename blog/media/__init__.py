"""Images that people upload."""
