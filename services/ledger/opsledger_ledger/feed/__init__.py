"""The feed: recorded entries by position, as pages and as a stream, in the bytes of the log."""
