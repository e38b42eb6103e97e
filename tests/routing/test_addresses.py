"""The city's address table: found by the exact normal form, on both stores."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gis.errors import Refused
from gis.files.writers import write_table
from grids.importing import ImportReport
from routing.addresses import find_addresses, import_addresses, normal_form, search_addresses
from smalltown import Town

SAME = [
    ("黄浦区人民路１２号", "黄浦区人民路12号"),
    ("黄浦区 人民路 12号 ", "黄浦区人民路12号"),
    ("黄浦区\u3000人民路12號", "黄浦区人民路12号"),
    ("臺南市中西區", "台南市中西區"),
    ("Ａｂ座", "ab座"),
    ("人民路12号(北)", "人民路12号(北)"),
    ("人民路12号（北）", "人民路12号(北)"),
]


@pytest.mark.parametrize(("written", "normal"), SAME)
def test_two_spellings_of_one_address_share_a_normal_form(written: str, normal: str) -> None:
    assert normal_form(written) == normal
    assert normal_form(normal) == normal


def test_different_addresses_stay_apart() -> None:
    different = ["人民路12号", "人民路1号2", "人民路112号", "人民路12号-1", "人民路十二号", "人民路12弄"]
    assert len({normal_form(address) for address in different}) == len(different)


KNOWN = [
    ("济南市泉城路1号", 117.0205, 36.6605),
    ("济南市泉城路10号", 117.0215, 36.6605),
    ("泉城路1号", 117.0225, 36.6605),
    ("100%_折扣店", 117.0235, 36.6605),
]


def _put(town: Town, rows: Sequence[tuple[str, float, float]], commit: bool = True) -> ImportReport:
    path = town.path(".csv")
    write_table(path, {name: [row[at] for row in rows] for at, name in enumerate(("address", "lon", "lat"))})
    return import_addresses(town.store, path, commit=commit)


def test_known_addresses_are_found_and_others_are_not(empty: Town) -> None:
    report = _put(empty, KNOWN)
    assert (report.rows, report.changes.added, report.findings.errors) == (4, 4, 0)
    with empty.store.read() as session:
        found = find_addresses(session, ["泉城路１號", "泉城路 10号", "济南市泉城路10号", ""])
    assert {asked: known.address for asked, known in found.items()} == {
        "泉城路１號": "泉城路1号",
        "济南市泉城路10号": "济南市泉城路10号",
    }
    assert found["泉城路１號"].lon == 117.0225


def test_a_thousand_addresses_are_found_at_once(empty: Town) -> None:
    _put(empty, [(f"路{n}号", 117.0, 36.0) for n in range(1200)])
    with empty.store.read() as session:
        assert len(find_addresses(session, [f"路 {n}号" for n in range(1300)])) == 1200


def test_search_puts_beginnings_first_and_takes_every_sign_as_itself(empty: Town) -> None:
    _put(empty, KNOWN)
    with empty.store.read() as session:
        assert [known.address for known in search_addresses(session, "泉城路1")] == [
            "泉城路1号",
            "济南市泉城路10号",
            "济南市泉城路1号",
        ]
        assert [known.address for known in search_addresses(session, "%_")] == ["100%_折扣店"]
        assert search_addresses(session, "\\") == []
        assert search_addresses(session, "0_折") == []
        assert len(search_addresses(session, "路", limit=2)) == 2


def test_an_import_replaces_the_table_a_dry_run_and_a_bad_file_leave_it(empty: Town) -> None:
    _put(empty, KNOWN)
    dry = _put(empty, KNOWN[:1], commit=False)
    assert (dry.changes.added, dry.changes.removed) == (1, 4)
    with pytest.raises(Refused, match="row 2"):
        _put(empty, [("", 117.0, 36.0)])
    with pytest.raises(Refused, match="at most 400"):
        _put(empty, [("路" * 401, 117.0, 36.0)])
    with empty.store.read() as session:
        assert len(search_addresses(session, "")) == 4
    _put(empty, KNOWN[:1])
    with empty.store.read() as session:
        assert [known.address for known in search_addresses(session, "")] == ["济南市泉城路1号"]


def test_of_two_spellings_of_one_address_the_first_is_kept(empty: Town, tmp_path: Path) -> None:
    report = _put(empty, [("人民路1号", 117.0, 36.0), ("人民路１號", 118.0, 36.0)])
    (found,) = report.findings.shown
    assert (found.kind, found.severity, found.row) == ("repeated_address", "warning", 3)
    with empty.store.read() as session:
        assert find_addresses(session, ["人民路1号"])["人民路1号"].lon == 117.0
