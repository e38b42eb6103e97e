"""The sample city's class table: components 部件 and events 事件, with filing and closing conditions and limits."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["component", "event"]


@dataclass(frozen=True, slots=True)
class Matter:
    """A node of the class tree: a major, a minor, or one condition of a minor.

    ``time_limit`` is a number and its unit (``2紧急工作时``, ``1工作日``), empty where the conditions below it carry
    their own.
    """

    code: str
    name: str
    kind: Kind
    parent_code: str
    time_limit: str = ""
    file_condition: str = ""
    close_condition: str = ""


# A major: code and name. Indented a minor: name, then one or more "filing > closing > limit"; a line may go on
# with four spaces and a bar.
_TABLE = """
C01 公用设施
  上水井盖 | 缺失或移位，行人可能跌入 > 补齐复位 > 2紧急工作时 | 破损开裂 > 更换 > 1工作日
    | 松动 > 加固 > 2工作日 | 高差明显 > 找平 > 5工作日
  污水井盖 | 缺失或移位 > 补齐复位 > 2紧急工作时 | 破损 > 更换 > 1工作日
  电力井盖 | 缺失或移位 > 补齐复位 > 2紧急工作时 | 破损 > 更换 > 1工作日
  通信井盖 | 缺失或移位 > 补齐复位 > 2紧急工作时 | 破损 > 更换 > 2工作日
  燃气井盖 | 缺失或有异味 > 排险复位 > 1紧急工作时 | 破损 > 更换 > 1工作日
  路灯 | 不亮 > 恢复照明 > 2工作日 | 灯杆倾斜 > 扶正加固 > 1工作日
  消火栓 | 漏水或缺件 > 修复 > 4紧急工作时
  变电箱 | 箱门敞开或破损 > 关闭修复 > 4工作时
C02 道路交通设施
  交通信号灯 | 不亮或显示错误 > 恢复 > 2紧急工作时
  交通标志牌 | 倾倒或遮挡 > 恢复 > 1工作日
  交通护栏 | 破损或移位 > 修复 > 2工作日
  人行道板 | 松动破损 > 修复 > 5工作日
  公交站亭 | 破损 > 修复 > 3工作日
C03 市容环境设施
  公共厕所 | 设施损坏或停用无告示 > 恢复 > 2工作日
  果皮箱 | 破损 > 更换 > 1工作日 | 满溢 > 清空 > 4工作时
  垃圾转运站 | 异味外溢 > 整改 > 1自然日
  户外广告架 | 松动有坠落危险 > 排险 > 4紧急工作时
C04 园林绿化设施
  行道树 | 倒伏阻路 > 清除 > 4紧急工作时 | 枯死 > 补植 > 15自然日
  绿地护栏 | 破损 > 修复 > 3工作日
  花坛 | 破损或缺株 > 修复补植 > 5工作日
  喷泉设施 | 损坏 > 修复 > 7自然日
E01 市容环境
  暴露垃圾 | 成堆超过一平方米 > 清理 > 4工作时
  积存渣土 | 成堆未覆盖 > 清运 > 1工作日
  道路不洁 | 明显污渍 > 清洗 > 4工作时
  河面漂浮物 | 成片 > 打捞 > 1工作日
  绿地脏乱 | 散落垃圾 > 清理 > 1工作日
  油烟扰民 | 居民反映经核实 > 整改 > 3工作日
E02 宣传广告
  非法小广告 | 张贴喷涂 > 清除 > 1工作日
  违规户外广告 | 未经许可设置 > 拆除 > 7自然日
  横幅乱挂 | 未经许可悬挂 > 清除 > 4工作时
E03 施工管理
  施工扰民 | 夜间噪声 > 制止 > 2紧急工作时
  工地扬尘 | 未覆盖未喷淋 > 整改 > 1工作日
  道路遗撒 | 渣土遗撒 > 清理 > 2紧急工作时
  占道施工 | 无围挡或超期 > 整改 > 1工作日
E04 街面秩序
  无照经营游商 | 占道经营 > 劝离 > 2工作时
  店外经营 | 超出门窗外墙 > 规范 > 4工作时
  机动车乱停放 | 占用人行道 > 驶离 > 2工作时
  非机动车乱停放 | 成片阻路 > 归整 > 4工作时
  乱堆物料 | 占用公共场所 > 清理 > 1工作日
E05 突发事件
  道路塌陷 | 路面下陷 > 围护抢修 > 1紧急工作时
  自来水管破裂 | 冒水 > 止水抢修 > 1紧急工作时
  燃气泄漏 | 有异味 > 排险 > 1紧急工作时
  路面积水 | 影响通行 > 排除 > 2紧急工作时
"""


def sample_matters() -> tuple[Matter, ...]:
    """The class tree in code order: 9 majors, about 40 minors, conditions below the minors that have several."""
    rows: list[Matter] = []
    major, minor = "", 0
    for line in _TABLE.strip().replace("\n    |", " |").splitlines():
        if not line.startswith(" "):
            major, name = line.split()
            minor = 0
            rows.append(Matter(major, name, _kind(major), ""))
            continue
        minor += 1
        name, *conditions = (part.strip() for part in line.split("|"))
        rows.extend(minor_rows(f"{major}{minor:02d}", name, major, [_condition(c) for c in conditions]))
    return tuple(rows)


def minor_rows(code: str, name: str, parent: str, conditions: list[tuple[str, str, str]]) -> list[Matter]:
    """A minor with its (filing, closing, limit) conditions: one goes on the minor, several become its children."""
    if len(conditions) == 1:
        filing, closing, limit = conditions[0]
        return [Matter(code, name, _kind(code), parent, limit, filing, closing)]
    rows = [Matter(code, name, _kind(code), parent)]
    for number, (filing, closing, limit) in enumerate(conditions, start=1):
        rows.append(Matter(f"{code}{number:02d}", f"{name}：{filing}", _kind(code), code, limit, filing, closing))
    return rows


def _condition(text: str) -> tuple[str, str, str]:
    filing, closing, limit = (part.strip() for part in text.split(">"))
    return filing, closing, limit


def _kind(code: str) -> Kind:
    return "component" if code.startswith("C") else "event"
