"""Asking again who one is, before what matters."""
