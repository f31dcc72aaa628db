"""Networks of this plugin's own."""
