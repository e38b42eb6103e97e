"""What the documents promise: both languages say the same, links lead somewhere, every setting is told."""

import re
from pathlib import Path

import pytest

from server.cli.main import COMMANDS
from server.settings import Settings

ROOT = Path(__file__).parents[2]


def _commands(readme: str) -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_both_readmes_have_the_same_commands_and_pictures() -> None:
    assert _commands("README.md") == _commands("README.zh.md")
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    assert re.findall(r"\]\((.*?\.png)\)", english) == re.findall(r"\]\((.*?\.png)\)", chinese)


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], key=str))
def test_links_in_the_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_inline_command_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"\./run ([a-z]+)", text))
    assert named <= set(COMMANDS) | {"test", "check", "bench"}


def test_every_setting_is_in_the_docs_with_its_default() -> None:
    told = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for name, setting in Settings.model_fields.items():
        default = f"`{setting.default}`" if str(setting.default) else ""
        row = f"| `WANGGE_{name.upper()}` | {default} | {setting.description} |".replace("|  |", "| |")
        assert row in told


def test_the_architecture_names_every_folder_and_file_it_speaks_of() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for path in re.findall(r"`((?:gis|grids|routing|maps|data|server|alembic|tests)/[\w./]*)`", told):
        assert (ROOT / path).exists(), path
