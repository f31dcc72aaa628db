"""Documents of other programs: read, flattened, and turned into graphs by the rules of plugins."""
