#!/bin/sh
# The rocket of scikit-image, 640x480 whole, on a ULX3S: a core, and the bitstream that shows it by HDMI.
# Usage: hdmi.sh FOLDER [OPTIONS of inrhw build]
set -eu
folder=$1
shift
picture=$(python -c 'from skimage import data; print(data.__path__[0])')/rocket.jpg
# Patches of 4x4: the network has 16 clocks for each, and a screen takes a pixel a clock.
inrhw build "$picture" --size 640x480 --tiles 64x64 --patch 4x4 --hidden-features 14 --hidden-layers 1 \
    --initiation-interval 16 --steps 2400 --batch 76800 --board ulx3s -o "$folder" "$@"
inrhw bitstream "$folder" --board ulx3s
