"""Mail: the outbox, which requests write to, and the worker that sends its messages."""
