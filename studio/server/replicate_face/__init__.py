"""The addresses of Replicate's API: a model is a graph, and a prediction is a job."""
