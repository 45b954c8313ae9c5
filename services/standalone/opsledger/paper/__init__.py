"""Documents as people write them: YAML or JSON text, with the place of everything in it."""
