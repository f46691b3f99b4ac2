"""Take the picture of the page that README shows: ``python -m app.tests.picture``."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from app.tests import browser
from app.tests.pages import field, predict
from harness import REPOSITORY, UVICORN, free_port, serving

__all__ = ["take"]

_SIZE = {"width": 1120, "height": 1330}


def take() -> None:
    """A passenger of 99 years, why that answer, and what another age would change."""
    port = free_port()
    with serving([*UVICORN, "--port", str(port)], port) as service, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find())
        page = chromium.new_page(viewport=_SIZE, device_scale_factor=1.5)  # type: ignore[arg-type]
        page.goto(str(service.base_url))
        field(page, "age").fill("99")
        predict(page)
        page.get_by_label("What if another value stood there?").select_option("age")
        page.locator("#curve svg").wait_for()
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.screenshot(path=REPOSITORY / "docs" / "page.png")
        chromium.close()


if __name__ == "__main__":
    take()
