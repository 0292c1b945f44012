"""What the chapter stands on: written by hand, the same in every framework."""
