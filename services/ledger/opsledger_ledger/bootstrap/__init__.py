"""Putting a ledger service together: settings in, a ledger or a running server out."""
