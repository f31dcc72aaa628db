"""Batches: one graph over many items, with a ledger, workers and a gallery."""
