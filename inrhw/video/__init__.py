"""A core's picture on a screen: timing, line buffer, TMDS, and the edges of the boards."""
