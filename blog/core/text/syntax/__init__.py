"""Extensions of CommonMark for posts and comments, one per file.

Each rule takes time in proportion to the steps that it is charged (`budget`), and adds a limited
amount of HTML.
"""
