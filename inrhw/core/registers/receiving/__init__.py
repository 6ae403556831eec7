"""Files of weights: their words checked, and brought to the memories."""
