"""The syntax that posts and comments have beyond CommonMark, one subject a file.

Each rule takes time in proportion to the steps that it is charged (`budget`), and what it adds to
the HTML is limited.
"""
