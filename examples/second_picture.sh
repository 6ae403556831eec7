#!/bin/sh
# Train another picture for a core with --weights loadable, and write the file that the core loads.
# Usage: second_picture.sh CORE PICTURE
set -eu
core=$1
recipe=$core/recipe.toml
# The same recipe but for the picture: size, network and bits must be those of the core.
inrhw fit "$recipe" --pictures "$2" -o "$core-other"
inrhw weights "$core-other" --core "$core" -o "$core-other/other.weights"
# With the registers of docs/weights.md, with `CoreDriver.load` in Python, or NAME_load in C.
ls -l "$core-other/other.weights"
