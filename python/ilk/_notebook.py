"""Clusters with some of their pictures, as a notebook shows a run."""

from __future__ import annotations

import html
import os
from typing import Any

from ._tables import printable


def clusters_page(directory: str, n_images: int, clusters: list[dict[str, Any]]) -> str:
    """HTML: a row a cluster. `clusters` are those of clusters.json."""
    heads = _cells("th", ("cluster", "name", "images", "also", "most typical"))
    rows = "".join(_row(cluster) for cluster in clusters)
    return (
        f"<div><p>{n_images} images in {len(clusters)} clusters, <code>{html.escape(directory)}</code></p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(cluster: dict[str, Any], pictures: int = 5) -> str:
    also = ", ".join(noun["noun"] for noun in cluster["nouns"][:4] if noun["noun"] != cluster["name"])
    images = "".join(_thumbnail(image["path"]) for image in cluster["exemplars"][:pictures])
    cells = (str(cluster["cluster"]), html.escape(cluster["name"]), str(cluster["size"]), html.escape(also), images)
    return f"<tr>{_cells('td', cells)}</tr>"


def _cells(kind: str, cells: tuple[str, ...]) -> str:
    """Aligned to the left: notebooks align to the right."""
    return "".join(f'<{kind} style="text-align:left">{cell}</{kind}>' for cell in cells)


def _thumbnail(path: str, edge: int = 72) -> str:
    """A small picture within the page; its name where it cannot be made."""
    name = html.escape(printable(os.path.basename(path)))
    try:
        import base64
        import io

        from PIL import Image, ImageOps

        with Image.open(path) as image:
            small = ImageOps.exif_transpose(image)
            small.thumbnail((2 * edge, 2 * edge))
            small = small.convert("RGBA")
            ground = Image.new("RGB", small.size, "white")
            ground.paste(small, mask=small.getchannel("A"))
        bytes_ = io.BytesIO()
        ground.save(bytes_, "JPEG", quality=80)
    except (ImportError, OSError, ValueError):
        return f"<code>{name}</code> "
    data = base64.b64encode(bytes_.getvalue()).decode()
    return f'<img src="data:image/jpeg;base64,{data}" alt="{name}" title="{name}" style="display:inline;height:{edge}px;margin:2px"/>'
