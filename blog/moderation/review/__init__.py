"""The moderators' part of the review: the queue, and the decisions."""
