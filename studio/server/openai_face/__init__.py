"""The addresses of OpenAI's API: requests become jobs, and a model is the name of a graph."""
