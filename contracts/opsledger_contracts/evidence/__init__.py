"""Evidence: the Merkle tree, its proofs and its tiles, computed without a database."""
