"""Bindings of headers, used on the running kernel."""
