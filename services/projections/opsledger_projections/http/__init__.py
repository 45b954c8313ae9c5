"""The query API of the read side."""
