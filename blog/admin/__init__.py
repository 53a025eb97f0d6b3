"""Looking after the people of the site: the list of users, roles, and the audit log."""
