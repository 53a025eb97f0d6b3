"""Reports about posts and comments, and the queue in which moderators close them."""
