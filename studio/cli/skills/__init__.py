"""Instructions for agents, one file for each thing that they do with Studio; `studio skills install` copies them."""
