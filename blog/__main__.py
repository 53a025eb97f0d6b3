"""`python -m blog` is the command `blog`."""

from command_line import main

main()
