"""The history of posts: the texts that their readers have seen."""
