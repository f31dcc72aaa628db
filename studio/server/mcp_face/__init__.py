"""The Model Context Protocol: each graph is a tool; over HTTP at `/mcp`, and over standard input and output."""
