"""The matter x area matrix of a release, as the command line and HTTP show it."""

from functools import lru_cache

from gis.errors import BadInput
from grids.matrix import DEPTHS, Depth, Matrix, matrix_of
from grids.release import Release
from grids.release_content import content_of_release

TITLE = "事项 × 区域 责任矩阵 · Who answers what, where"


def depth_of(matters: str) -> Depth:
    """The depth of that name. Raises BadInput."""
    for depth in DEPTHS:
        if matters == depth:
            return depth
    raise BadInput(f"matters '{matters}': choose one of {', '.join(DEPTHS)}", field="matters", value=matters)


def subtitle_of(release: Release) -> str:
    """Which version it is of, and since when that holds."""
    return f"版本 Version {release.number} · {release.effective_at:%Y-%m-%d %H:%M} UTC 起 effective"


@lru_cache(maxsize=4)
def matrix_of_release(release: Release, layer: str | None, depth: Depth) -> Matrix:
    """The matrix; the last few are remembered, as a release never changes."""
    return matrix_of(content_of_release(release), layer, depth)
