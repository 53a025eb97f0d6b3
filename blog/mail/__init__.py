"""Mail: the outbox that requests write to, and the worker that sends what is in it."""
