"""How the weights beside this were made."""
