#!/bin/sh
# A video of 24 frames, 128x96, in blocks of 16x16x8: a pan over the built-in picture.
# Usage: video.sh FOLDER [OPTIONS of inrhw build]
set -eu
folder=$1
shift
inrhw build --kind video --size 128x96x24 --tiles 16x16x8 --hidden-features 16 --hidden-layers 1 \
    --initiation-interval 4 --steps 400 --batch 36864 -o "$folder" "$@"
