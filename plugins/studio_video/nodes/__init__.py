"""The node types `video.*`, by theme; each is a thin typed function over an algorithm module."""

NODE_TYPES: list[object] = []
