"""The server: durable jobs over HTTP. `studio.server.server` starts it; nothing here is imported by other commands."""
