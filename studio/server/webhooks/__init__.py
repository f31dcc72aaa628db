"""Webhooks: a client's address hears when its job ends, signed as Standard Webhooks say, and again if it fails."""
