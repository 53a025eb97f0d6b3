"""Import of posts from other blogs.

A process reads the untrusted file (`reading.py`, `sources/`), and yields posts; one writer
(`writer.py`) adds them.
"""
