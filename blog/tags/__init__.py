"""Tags of posts, and following them."""
