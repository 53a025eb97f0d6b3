"""The page `/status`: whether the components of the site work, and past incidents."""
