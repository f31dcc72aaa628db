"""Content credentials (C2PA): a signature in a file that says who made it, with what, and from which files."""
