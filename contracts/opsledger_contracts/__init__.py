"""What a ledger and all who read it agree on: events, codec, rules, evidence, refusals."""
