"""The foundation of the features; it imports none of them."""
