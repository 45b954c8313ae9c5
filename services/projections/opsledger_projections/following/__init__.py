"""Following the ledger's feed: catch up, then stay with it."""
