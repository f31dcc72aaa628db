"""Networks whose weights the user brings: VGG features, and encoder and decoder of AdaIN."""
