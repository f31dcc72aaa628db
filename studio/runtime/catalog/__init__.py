"""The catalog: models that plugins name, tested or untested, and the one command that fetches them."""
