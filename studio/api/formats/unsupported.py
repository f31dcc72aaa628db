"""`UnsupportedError`: a file that is valid, and that is not read."""


class UnsupportedError(ValueError):
    """What a file has that is not read, in words; its message begins with that, such as "LERC is not supported"."""
