"""Autoencoders of a narrow set of images: principal components, and a small variational network."""
