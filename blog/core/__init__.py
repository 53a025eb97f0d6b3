"""What the features stand on. It imports none of them."""
