"""The catalog: weights that are known to be good, and the one command that fetches them."""
