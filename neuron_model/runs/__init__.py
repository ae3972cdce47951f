"""What a training run leaves in its folder, and the front door: train, save, load."""
