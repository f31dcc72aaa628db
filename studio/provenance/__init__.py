"""What made a file: collected when it is written, kept in it and beside it, read back and checked."""
