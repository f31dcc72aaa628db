"""How graphs run: plans, fingerprints, calls through the cache, lanes, and the executor that reports events."""
