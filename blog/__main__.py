"""`python -m blog` is the command `blog`."""

from blog.cli import main

main()
