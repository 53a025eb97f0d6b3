"""Authentication and authorisation: who the viewer is, and what they may do."""
