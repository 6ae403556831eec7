#!/bin/sh
# 2-256-256-256-256-3, at 100 Mpixel/s on a VCU128 with patches of 4x4: without them two products in each of its DSP
# blocks would give 27.
# Usage: wide.sh FOLDER [OPTIONS of inrhw build]
set -eu
folder=$1
shift
inrhw build --size 512x512 --patch 4x4 --hidden-features 256 --hidden-layers 3 \
    --weight-bits 8 --last-weight-bits 8 --weights rom --packed --target-mpixels 100 \
    --steps 300 --batch 16384 -o "$folder" "$@"
