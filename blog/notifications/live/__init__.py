"""Live updates: Server-Sent Events (HTML Standard, 9.2)."""
