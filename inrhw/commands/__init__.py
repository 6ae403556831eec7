"""The commands of `inrhw`, one a file."""
