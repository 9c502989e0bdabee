// Puts PNGs into the containers that Windows and macOS want: node pack.mjs FOLDER, which holds icon-SIZE.png.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const png = (size) => readFileSync(join(folder, `icon-${size}.png`));

function ico(sizes) {
  const head = Buffer.alloc(6 + 16 * sizes.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(sizes.length, 4);
  let at = head.length;
  const images = sizes.map((size, i) => {
    const image = png(size);
    const entry = 6 + 16 * i;
    head.writeUInt8(size % 256, entry);
    head.writeUInt8(size % 256, entry + 1);
    head.writeUInt16LE(1, entry + 4);
    head.writeUInt16LE(32, entry + 6);
    head.writeUInt32LE(image.length, entry + 8);
    head.writeUInt32LE(at, entry + 12);
    at += image.length;
    return image;
  });
  return Buffer.concat([head, ...images]);
}

function icns(kinds) {
  const parts = kinds.map(([kind, size]) => {
    const image = png(size);
    const head = Buffer.alloc(8);
    head.write(kind, 'latin1');
    head.writeUInt32BE(image.length + 8, 4);
    return Buffer.concat([head, image]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.write('icns', 'latin1');
  head.writeUInt32BE(body.length + 8, 4);
  return Buffer.concat([head, body]);
}

writeFileSync(join(folder, 'icon.ico'), ico([16, 24, 32, 48, 64, 256]));
writeFileSync(join(folder, 'icon.icns'), icns([['ic11', 32], ['ic12', 64], ['ic07', 128], ['ic08', 256], ['ic09', 512]]));
