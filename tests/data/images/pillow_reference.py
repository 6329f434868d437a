"""What Pillow and Hugging Face's CLIPImageProcessor make of an image file: the reference for ilk's preprocessing."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

Image.MAX_IMAGE_PIXELS = None
SRGB = ImageCms.createProfile("sRGB")
SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def load(path):
    """The first frame as 8-bit sRGB: EXIF orientation applied, ICC profile to sRGB, alpha flattened on white."""
    image = Image.open(path)
    image.load()
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "I;16", "I;16B"):  # Pillow clips 16-bit grey to 8 bits where it should scale.
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
    alpha = None
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    if image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    if profile:
        try:
            opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if SPACES.get(opened.profile.xcolor_space) == image.mode:
                image = ImageCms.profileToProfile(image, opened, SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile is as good as none
    image = image.convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=alpha)
        image = white
    return image


def preprocess(path, edge, crop=None):
    """Pixels (3, crop, crop) uint8: shortest edge to `edge`, bicubic; centre crop."""
    crop = crop or edge
    image = load(path)
    width, height = image.size
    short, long = min(width, height), max(width, height)
    new_long = int(edge * long / short)
    new_width, new_height = (edge, new_long) if width <= height else (new_long, edge)
    image = image.resize((new_width, new_height), Image.Resampling.BICUBIC)
    top, left = (new_height - crop) // 2, (new_width - crop) // 2
    return np.asarray(image.crop((left, top, left + crop, top + crop))).transpose(2, 0, 1)
