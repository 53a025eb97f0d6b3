"""Reports of posts and comments, and the queue in which moderators close them."""
