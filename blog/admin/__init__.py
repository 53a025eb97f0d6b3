"""Administration: users, roles, the audit log and background jobs."""
