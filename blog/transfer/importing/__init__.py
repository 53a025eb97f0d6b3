"""Import of posts from other blogs.

A separate process reads the untrusted file (`reading.py`, `sources/`) and yields posts; a writer
(`writer.py`) adds them.
"""
