"""Technology files: the built-in ones by name, installed models, and new ones from a library."""
