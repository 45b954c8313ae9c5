"""The ledger over HTTP: thin routes around the catalogue of commands, the feed and the proofs."""
