"""How the site is doing: daily counts, and the administrators' dashboard."""
