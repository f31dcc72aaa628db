"""How graphs run: fingerprints, plans, the executor, events and manifests."""
