"""The words on a heat page, in Chinese and English."""

from typing import Literal, get_args

from gis.errors import BadInput

Language = Literal["zh", "en"]

_WORDS: dict[str, tuple[str, str]] = {
    "lang": ("zh-CN", "en"),
    "reports": ("案件数", "Reports"),
    "total": ("合计", "Total"),
    "unit": ("件", "reports"),
    "cells": ("有案件的六边形", "Hexagons with reports"),
    "cell": ("六边形", "Hexagon"),
    "per_cell": ("每个六边形的案件数", "Reports per hexagon"),
    "number": ("六边形数", "Hexagons"),
    "resolution": ("分辨率", "Resolution"),
    "edge": ("平均边长", "average edge"),
    "metres": ("米", "m"),
    "kilometres": ("公里", "km"),
    "empty": ("暂无案件", "No reports yet"),
    "empty_hint": (
        "所选条件下没有案件。请放宽时间、事项或区域后重试。",
        "Nothing matches. Try a wider period, matter or area.",
    ),
    "outlines": ("边界", "Outlines"),
}


def words(language: Language) -> dict[str, str]:
    """Every word of the page by its name, in one language; BadInput for a language that is not there."""
    if language not in get_args(Language):
        raise BadInput(f"language {language!r} is none of {', '.join(get_args(Language))}", field="language")
    column = get_args(Language).index(language)
    return {name: both[column] for name, both in _WORDS.items()}
