"""Pages of the activations, one module a page."""
