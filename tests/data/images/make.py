#!/usr/bin/env python3
"""Makes files/ (small images of every kind), files.txt (their names) and expected.bin: for each file, in the order of
files.txt, what Pillow makes of it for a model of 32 x 32 pixels, (3, 32, 32) uint8.

    make.py CLIPART

CLIPART is a drawing with alpha (openclipart, public domain: animals/birds/baby_tux_01.png); the "photograph" is computed.
HEIC, AVIF and JPEG XL are written with libvips and, as Pillow does not read them, expected to look like what was
written.
"""

import ctypes
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image

import pillow_reference

EDGE = 32
HERE = pathlib.Path(__file__).parent
FILES = HERE / "files"


def icc_profile(name, primaries, gamma):
    """An ICC 2.1 display profile: three primaries (XYZ adapted to D50) and one gamma."""
    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    text = name.encode() + b"\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": description, b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": xyz((0.9642, 1, 0.8249)), b"rXYZ": xyz(primaries[0]),
            b"gXYZ": xyz(primaries[1]), b"bXYZ": xyz(primaries[2]), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1, 0.8249))
    return header.ljust(128, b"\0") + table + body


ADOBE = icc_profile("wide gamut, gamma 2.2",
                    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), 563 / 256)
DISPLAY_P3 = icc_profile("display with the P3 primaries, gamma 2.2",
                         ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), 2.2)


def write_png(path, array, colour_type, depth=8, interlaced=False):
    """PNG of kinds that Pillow does not write: 16-bit colour, Adam7."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = array.shape[:2]
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for top, left, down, across in passes if interlaced else [(0, 0, 1, 1)]:
        part = array[top::down, left::across]
        if part.size:
            rows += b"".join(b"\0" + row.astype(">u2" if depth == 16 else np.uint8).tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) +
                     chunk(b"IEND", b""))


def write_with_vips(image, name):
    vips = ctypes.CDLL("libvips.so.42")
    vips.vips_init(b"make")
    vips.vips_image_new_from_file.restype = ctypes.c_void_p
    vips.vips_image_write_to_file.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    source = FILES / "source.png"
    image.save(source)
    loaded = vips.vips_image_new_from_file(str(source).encode(), None)
    if vips.vips_image_write_to_file(loaded, str(FILES / name).encode() + b"[Q=92]", None) != 0:
        sys.exit(f"this libvips does not write {name}")
    source.unlink()


def photograph(clipart):
    """Soft light, coarse and fine texture, and something with edges in front, off the centre."""
    random = np.random.default_rng(7)
    height, width = 427, 640
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    light = np.zeros((height, width, 3))
    for wave in range(40):
        frequency = random.normal(size=2) * 0.008 * 1.09**wave
        phase, colour = random.uniform(0, 6.28), random.normal(size=3) * 0.9**wave
        light += np.cos(frequency[0] * y + frequency[1] * x + phase)[..., None] * colour
    light = (light - light.min()) / (light.max() - light.min())
    image = Image.fromarray(np.uint8(light * 255 + 0.5))
    front = clipart.resize((260, 260 * clipart.height // clipart.width), Image.Resampling.LANCZOS)
    image.paste(front, (310, 90), front)
    return image


def main():
    clipart = Image.open(sys.argv[1]).convert("RGBA")
    photo = photograph(clipart)
    FILES.mkdir(exist_ok=True)
    for old in FILES.iterdir():
        old.unlink()
    small = photo.resize((100, 66), Image.Resampling.LANCZOS)
    drawing = clipart.crop(clipart.getbbox())
    drawing.thumbnail((90, 90))
    by_vips = {}

    small.save(FILES / "jpeg.jpg", quality=88)
    photo.resize((321, 217), Image.Resampling.LANCZOS).save(FILES / "jpeg_larger.jpg", quality=70)
    small.save(FILES / "jpeg_progressive.jpg", quality=80, progressive=True)
    small.convert("L").save(FILES / "jpeg_grey.jpg", quality=80)
    small.convert("CMYK").save(FILES / "jpeg_cmyk.jpg", quality=85)
    small.save(FILES / "jpeg_wide_gamut.jpg", quality=85, icc_profile=ADOBE)
    small.save(FILES / "jpeg_broken_profile.jpg", quality=85, icc_profile=ADOBE[:200])
    turns = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
             4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
             7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
    for orientation, turn in turns.items():  # stored so that every file shows the same picture
        stored = small if turn is None else small.transpose(turn)
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(FILES / f"orientation_{orientation}.jpg", quality=92, subsampling=0, exif=exif.tobytes())

    drawing.convert("RGB").save(FILES / "png.png")
    drawing.save(FILES / "png_alpha.png")
    drawing.convert("LA").save(FILES / "png_grey_alpha.png")
    drawing.quantize(32).save(FILES / "png_palette_transparent.png")
    small.convert("1").save(FILES / "png_bilevel.png")
    drawing.save(FILES / "png_display_p3.png", icc_profile=DISPLAY_P3)
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing.save(FILES / "png_orientation.png", exif=exif.tobytes())
    pixels = np.asarray(small).astype(np.uint16)
    rough = np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint16)
    rough[:, 20:] = 0  # low bytes on a part only, so that the file stays small
    write_png(FILES / "png_16_bit.png", pixels[::2, ::2] * 256 + rough[::2, ::2], 2, depth=16)
    grey = np.asarray(small.convert("L")).astype(np.uint16)
    write_png(FILES / "png_grey_16_bit.png", grey * 256 + rough[..., 0], 0, depth=16)
    write_png(FILES / "png_interlaced.png", np.asarray(drawing), 6, interlaced=True)
    big = clipart.resize((700, 610))
    big.quantize(8).save(FILES / "png_larger.png")
    small.crop((0, 0, 7, 66)).save(FILES / "png_narrow.png")
    small.crop((0, 0, 100, 5)).save(FILES / "png_flat.png")
    Image.new("RGB", (1, 1), (200, 100, 50)).save(FILES / "png_one_pixel.png")

    small.save(FILES / "webp.webp", quality=80)
    drawing.save(FILES / "webp_alpha.webp", lossless=True)
    frames = [small.resize((50, 33)), drawing.convert("RGB").resize((50, 33))]
    frames[0].save(FILES / "webp_animated.webp", save_all=True, append_images=frames[1:], quality=80)
    frames[0].quantize(64).save(FILES / "gif_animated.gif", save_all=True, append_images=[frames[1].quantize(64)])
    drawing.quantize(16).save(FILES / "gif_transparent.gif", transparency=0)
    small.save(FILES / "tiff.tif", compression="tiff_lzw")
    small.convert("CMYK").resize((50, 33)).save(FILES / "tiff_cmyk.tif", compression="tiff_deflate")
    drawing.save(FILES / "tiff_alpha.tif", compression="tiff_deflate")
    small.convert("1").save(FILES / "tiff_bilevel.tif", compression="group4")
    small.convert("P").save(FILES / "tiff_palette.tif", compression="tiff_lzw")
    small.save(FILES / "tiff_two_pages.tif", compression="jpeg", save_all=True, append_images=[small.rotate(90)])
    for name in ("heic.heic", "avif.avif", "jpeg_xl.jxl"):
        write_with_vips(small, name)
        by_vips[name] = small

    names, expected = [], b""
    for path in sorted(FILES.iterdir()):
        names.append(path.name)
        if path.name in by_vips:
            reference = FILES / "reference.png"
            by_vips[path.name].save(reference)
            expected += pillow_reference.preprocess(reference, EDGE).tobytes()
            reference.unlink()
        else:
            expected += pillow_reference.preprocess(path, EDGE).tobytes()
    (HERE / "files.txt").write_text("\n".join(names) + "\n")
    (HERE / "expected.bin").write_bytes(expected)


if __name__ == "__main__":
    main()
