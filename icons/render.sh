#!/bin/sh
# Draws every icon anew from src/. Needs rsvg-convert and node.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

draw() { rsvg-convert -w "$2" -h "$2" "src/$1.svg" -o "$3"; }

node src/tray.mjs
for state in idle working needs-you error paused; do
  draw "tray-$state" 24 "tray-$state-24.png"
  draw "tray-$state" 32 "tray-$state-32.png"
  draw "tray-$state" 64 "tray-$state.png"
done

# Small sizes have their own drawing with fewer, thicker lines.
for size in 16 24 32; do draw app-small "$size" "$work/icon-$size.png"; done
for size in 48 64 128 256 512; do draw app "$size" "$work/icon-$size.png"; done
node src/pack.mjs "$work"
cp "$work/icon.ico" "$work/icon.icns" .
for size in 32 128 256 512; do cp "$work/icon-$size.png" .; done
