"""What ComfyUI's nodes for models, prompts, latents and sampling mean, as whole patterns."""
