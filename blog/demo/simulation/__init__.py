"""`blog simulate`: the cost of timelines on a large site, with fan-out on read and on write.

Everything is in a separate schema, `SCHEMA`, with copies of the tables that a timeline reads; the
rows of the site are neither read nor changed.
"""

SCHEMA = "blog_simulation"
