"""What stands above the duty list for a time: two rulings (裁定) and an emergency plan (应急预案)."""

from dataclasses import dataclass

from data.assets import Assets
from data.duties import LAW, Duty, DutyRole
from data.layers import CITY_CODE, Ladder
from data.parties import TEAM

FLOOD_PLAN = "防汛预案"
# Who leads, or supports, in the whole city while the plan is on.
FLOOD_LEADS = (
    ("E0504", "CS03"), ("E0501", "CS07"), ("E0502", "CS03"), ("E0104", "CS03"), ("C0102", "CS13"), ("C0401", "CS04"),
)  # fmt: skip
FLOOD_SUPPORT = (("E0504", "CS07"), ("E0504", "CS13"), ("E0504", "office_of:street"))


@dataclass(frozen=True, slots=True)
class Override:
    """A duty that holds from ``begin`` until before ``until`` (empty: open), and with a plan only while that is on."""

    duty: Duty
    begin: str
    until: str = ""
    plan: str = ""


def overrides(areas: Ladder, things: Assets) -> tuple[Override, ...]:
    """One ruling that ended in the middle of the month of reports, one that is open, and the flood plan's duties."""
    community = str(areas.communities.codes[0])
    team = f"{TEAM}{areas.streets.codes[0]}"
    bare = str(things.codes[things.owners == ""][0])
    past = Duty(
        "CD0001", "积存渣土争议裁定", team, "community", community, "E0102", "lead", f"{LAW}第三十条", "样裁〔2026〕1号"
    )
    still = Duty("CD0002", "权属不明部件裁定", "CS02", "asset", bare, "", "lead", f"{LAW}第三十条", "样裁〔2026〕2号")
    rulings = Override(past, "2026-09-20", "2026-10-16"), Override(still, "2026-10-01")
    told: list[tuple[str, str, DutyRole]] = [(matter, party, "lead") for matter, party in FLOOD_LEADS]
    told += [(matter, party, "support") for matter, party in FLOOD_SUPPORT]
    plan = (
        Override(
            Duty(f"YA{k:04d}", "防汛应急处置", party, "city", CITY_CODE, matter, role, f"{LAW}第三十一条", FLOOD_PLAN),
            "2026-06-01",
            plan=FLOOD_PLAN,
        )
        for k, (matter, party, role) in enumerate(told, start=1)
    )
    return (*rulings, *plan)
