"""`blog simulate`: what timelines cost on a large site, found or stored (fan-out on read or write).

All of it is in a schema of its own, `SCHEMA`, with tables like those that a timeline reads; the
site's own rows are neither read nor changed.
"""

SCHEMA = "blog_simulation"
