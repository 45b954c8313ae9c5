"""The single writer: queue, group commit, idempotency, catch-up, decision state."""
