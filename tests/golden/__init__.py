"""What releases of Studio wrote, kept to be read by every later one; `make_golden.py` made it."""
