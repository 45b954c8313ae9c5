"""Recording: the durable log, and the only package that knows a database or the library."""
