"""Exports: rows as they come, exactly once whatever happens to the connection, and files that can be resumed."""
