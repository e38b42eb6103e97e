"""Invented Chinese names for places and people."""

import numpy as np

from data.plane import Texts

CITY = "样城市"
NEUTRAL_DISTRICTS = (
    "云溪区",
    "锦屏区",
    "望江区",
    "石桥区",
    "青浦塘区",
    "龙泉湾区",
    "柳林区",
    "金沙洲区",
    "梅岭区",
    "白鹭区",
    "松江湾区",
)
MAIN_ROADS = (
    "中山路",
    "人民大道",
    "解放路",
    "建设路",
    "和平大道",
    "新华路",
    "文化路",
    "胜利路",
    "长江大道",
    "迎宾大道",
    "青年路",
    "光明路",
    "友谊大道",
    "滨江路",
    "学府路",
    "东风大道",
    "团结路",
    "劳动路",
    "育才路",
    "工农路",
    "体育路",
    "环城路",
    "民主路",
    "五一路",
)
FIRST = "安宝北碧昌长朝崇春翠大德东恩丰凤福富古光广桂海和恒红华怀吉佳嘉建江金锦景静康兰乐丽临龙隆茂梅民明南宁清庆荣瑞三"
SECOND = "堂塘亭庭桐湾望文梧溪霞香祥新兴学雅阳瑶业义益永玉园源苑月云泽兆正芝洲竹庄坝埠川岛店渡坊府岗港谷关河湖"
ROAD_ENDS = ("路", "街", "巷", "东路", "西路", "南路", "北路", "东街", "西街", "一巷", "二巷", "三巷", "横路", "里街")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志海峰琳晨宇欣雨佳梓涵"


def stems(rng: np.random.Generator) -> list[str]:
    """Every two-character place stem once, in random order (about 2,700)."""
    every = [a + b for a in FIRST for b in SECOND]
    return [every[k] for k in rng.permutation(len(every))]


def place_names(count: int, ends: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """``count`` different names such as 翠竹社区: all stems with the first ending, then with the next.

    When the endings run out, a number is set before the ending (翠竹第2社区).
    """
    every = stems(rng)
    names: list[str] = []
    turn = 1
    while len(names) < count:
        for end in ends:
            number = "" if turn == 1 else f"第{turn}"
            names.extend(stem + number + end for stem in every[: count - len(names)])
        turn += 1
    return names


def road_names(main: int, local: int, rng: np.random.Generator) -> list[str]:
    """Different names for the main roads (中山路, 人民大道 first) and then for the local streets."""
    extra = place_names(max(0, main - len(MAIN_ROADS)), ("大道",), rng)
    return [*MAIN_ROADS[:main], *extra, *place_names(local, ROAD_ENDS, rng)]


def district_names(longitudes: list[float]) -> list[str]:
    """Names of districts: the easternmost is 东城区, the westernmost 西城区, the others say no direction."""
    order = sorted(range(len(longitudes)), key=longitudes.__getitem__)
    names = [""] * len(order)
    for k, row in enumerate(order[1:-1]):
        turn, which = divmod(k, len(NEUTRAL_DISTRICTS))
        names[row] = ("新" * turn) + NEUTRAL_DISTRICTS[which]
    names[order[0]] = "西城区"
    names[order[-1]] = "东城区"
    return names


def people_names(count: int, rng: np.random.Generator) -> Texts:
    """Invented personal names; with many people some repeat, as in life."""
    surname, one, two = (np.array(list(pool))[rng.integers(0, len(pool), count)] for pool in (SURNAMES, GIVEN, GIVEN))
    two = np.where(rng.random(count) < 0.25, "", two)
    return np.strings.add(np.strings.add(surname, one), two)


def numeral(number: int) -> str:
    """A number under 100 in Chinese numerals: 十二 for 12."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if not tens else ("十" if tens == 1 else digits[tens] + "十")
    return head + (digits[ones] if ones or not tens else "")
