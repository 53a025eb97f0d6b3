"""Notifications: what people are told of, on their page and live."""
