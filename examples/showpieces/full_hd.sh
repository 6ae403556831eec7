#!/bin/sh
# 1920x1080 at 60 frames a second on a VCU128: the retina of scikit-image, its largest picture, in tiles.
# Usage: full_hd.sh FOLDER [OPTIONS of inrhw build]
set -eu
folder=$1
shift
picture=$(python -c 'from skimage import data; print(data.__path__[0])')/retina.jpg
# 148.5 MHz is the pixel clock of that mode, blanking included: two clocks a pixel at twice that.
inrhw build "$picture" --size 1920x1080 --tiles 64x64 --hidden-features 16 --hidden-layers 1 \
    --clock-mhz 297 --target-mpixels 148.5 --steps 300 --batch 65280 -o "$folder" "$@"
