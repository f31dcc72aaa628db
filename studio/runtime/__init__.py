"""Means: devices, random numbers, weights on disk and models in memory."""
