"""How the site is doing: daily counts, and the dashboard of administrators."""
