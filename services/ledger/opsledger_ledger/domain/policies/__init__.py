"""Rules that span nouns: identity and authority, separation of duties, deadlines, approvals."""
