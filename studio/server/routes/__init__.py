"""The routes of a server, one module for each thing that they give."""
