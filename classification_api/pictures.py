"""The pictures of the README: what one sees on the way from a CSV to an answer.

    tox -c classification_api -e pictures

It walks the road with the table that ships, in a folder of its own, and takes pictures of what the
commands print, of the page that is served, and of the card, in light and dark.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.text import Text

from app.tests.browser import find
from classification_model import bundle
from classification_model.config.home import Home
from harness import REPOSITORY, SOURCE_HOME, running

DOCS = REPOSITORY / "docs"
WIDTH = 1600
"""Of the picture of the whole road, in pixels."""

LOOKS = {"light": ("#ffffff", "#1f2328", "#d1d9e0"), "dark": ("#0d1117", "#e6edf3", "#3d444d")}
"""Background, text and lines."""

COLUMNS = 92
"""Of the terminal."""

_LINES = 7
COMMANDS = """\
$ classification-model init passengers.csv --target survived
$ edit config.yml                # leave out what gives the answer away
$ classification-model train
"""
_PANEL = """<section><h2>{number} {title}</h2>{content}</section>"""
_ROAD = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; width: {width}px; box-sizing: border-box; background: {back};
  color: {text}; font: 18px/1.5 sans-serif; display: grid; gap: 24px; grid-template-columns: 1fr 1fr }}
section {{ border: 1px solid {line}; border-radius: 10px; padding: 16px 20px; overflow: hidden }}
section:nth-child(3) {{ grid-column: 2; grid-row: 1 / 3 }}
h2 {{ font-size: 20px; margin: 0 0 10px }}
pre {{ font: 13px/1.45 monospace; margin: 0 }}
img {{ width: 100%; display: block; border-radius: 6px }}
b {{ color: #2f81f7 }}
</style>{panels}"""


@dataclass(frozen=True)
class Walked:
    """What the commands printed, and where the model is."""

    home: Path
    table: str
    trained: str


def walk(folder: Path) -> Walked:
    """Learn a home from the shipped table, and train it with the shipped configuration."""
    table = SOURCE_HOME / "datasets" / "raw.csv"
    run("init", str(table), "--target", "survived", "--home", str(folder / "home"))
    for name in ("config.yml", "features.py"):
        (folder / "home" / name).write_bytes((SOURCE_HOME / name).read_bytes())
    trained = run("train", "--home", str(folder / "home"))
    lines = table.read_text(encoding="utf-8").splitlines()[:_LINES]
    return Walked(folder / "home", "\n".join(line[:COLUMNS] for line in lines), trained)


def run(*command: str) -> str:
    """What a command prints with the colours of a terminal."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "dumb"}
    words = [sys.executable, "-m", "classification_model", *command]
    return subprocess.run(
        words, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def as_html(printed: str) -> str:
    """Text with the terminal's colours, as HTML."""
    console = Console(record=True, width=COLUMNS + 10, file=io.StringIO())
    console.print(Text.from_ansi(printed))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def road(walked: Walked, page: Path, look: str) -> str:
    """The page with all three steps."""
    back, text, line = LOOKS[look]
    found = walked.trained.index("On ")
    judged = as_html(walked.trained[found : walked.trained.index("All figures")])
    contents = (
        ("A labelled CSV", f"<pre><b>$ head passengers.csv</b>\n{escape(walked.table)}</pre>"),
        (
            "A model, judged on rows that it has not seen",
            f"<pre><b>{COMMANDS}</b></pre>{judged}",
        ),
        ("A page and an API", f'<img src="{page.as_uri()}">'),
    )
    panels = "".join(
        _PANEL.format(number=f"{number}.", title=title, content=content)
        for number, (title, content) in enumerate(contents, start=1)
    )
    return _ROAD.format(width=WIDTH, back=back, text=text, line=line, panels=panels)


def ask(page: Page, address: str) -> None:
    """Fill in what is beyond what training has seen, and have it answered."""
    page.goto(address)
    page.get_by_label("age", exact=True).fill("99")
    page.get_by_role("button", name="Predict").click()
    page.get_by_role("list", name="Probability of each class").get_by_text("%").first.wait_for()


def take(browser: Browser, walked: Walked, address: str, look: str, folder: Path) -> None:
    """The pictures in one look."""
    ending = "" if look == "light" else "-dark"
    page = browser.new_page(
        viewport={"width": 1120, "height": 1050},
        device_scale_factor=1.5,
        color_scheme="dark" if look == "dark" else "light",
        reduced_motion="reduce",  # or a bar is taken while it grows
    )
    ask(page, address)
    shown = folder / f"page{ending}.png"
    if look == "light":
        page.screenshot(path=DOCS / "page.png")
    page.set_viewport_size({"width": 1120, "height": 780})
    page.screenshot(path=shown)
    (folder / "road.html").write_text(road(walked, shown, look), encoding="utf-8")
    page.set_viewport_size({"width": WIDTH, "height": 900})
    page.goto((folder / "road.html").as_uri())
    page.locator("body").screenshot(path=DOCS / f"road{ending}.png")
    page.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        walked = walk(Path(name))
        shipped = bundle.load(Home(walked.home))
        (DOCS / "card.svg").write_bytes(shipped.contents[".svg"])
        with running({"MODEL_HOME": walked.home}) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find())
            for look in LOOKS:
                take(browser, walked, f"http://127.0.0.1:{server.port}/", look, Path(name))
            browser.close()


if __name__ == "__main__":
    main()
