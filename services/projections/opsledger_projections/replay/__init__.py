"""Replay on the read side: verify, as-of and counterfactual, with the difference explained."""
