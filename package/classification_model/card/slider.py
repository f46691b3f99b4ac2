"""The slider over thresholds: its markup, and the one script that a card may have.

The script is the same in every card; the counts stand in attributes of the markup. It writes
text, and no markup, so no name in it is ever more than text.
"""

from __future__ import annotations

import json
from html import escape

from classification_model.card.document import Slider
from classification_model.card.svg import tag
from classification_model.plain_text import clean

__all__ = ["SCRIPT", "render"]

SCRIPT = """
for (const box of document.querySelectorAll(".slider")) {
  const part = (name) => box.querySelector("." + name);
  const { steps, hits, others } = JSON.parse(box.dataset.counts);
  const say = (name, text) => { part(name).textContent = text; };
  const share = (some, all) => (all ? (some / all).toFixed(3) : "none");
  const draw = () => {
    const alarm = Number(part("alarm").value), miss = Number(part("miss").value);
    const costs = steps.map(([, found, alarms]) =>
      (alarms * alarm + (hits - found) * miss) / (hits + others));
    const least = costs.indexOf(Math.min(...costs)), here = Number(part("at").value);
    const [threshold, found, alarms] = steps[here];
    say("threshold", threshold);
    say("found", found.toLocaleString("en"));
    say("missed", (hits - found).toLocaleString("en"));
    say("alarms", alarms.toLocaleString("en"));
    say("left", (others - alarms).toLocaleString("en"));
    say("precision", share(found, found + alarms));
    say("recall", share(found, hits));
    say("cost", costs[here].toFixed(3));
    say("least", here === least ? "the least of these" :
      "least at " + steps[least][0] + ": " + costs[least].toFixed(3));
    const most = Math.max(...costs) || 1;
    const x = (i) => 10 + steps[i][0] * 580, y = (i) => 90 - (costs[i] / most) * 80;
    part("curve").setAttribute("points", costs.map((_, i) => x(i) + "," + y(i)).join(" "));
    for (const [name, i] of [["best", least], ["here", here]]) {
      part(name).setAttribute("cx", x(i));
      part(name).setAttribute("cy", y(i));
    }
  };
  box.addEventListener("input", draw);
  box.hidden = false;
  draw();
}
"""


def render(slider: Slider) -> str:
    """The markup, which the script shows and fills."""
    yes, no = (escape(clean(name)) for name in (slider.positive, slider.negative))
    counts = {"steps": slider.steps, "hits": slider.hits, "others": slider.others}
    last = len(slider.steps) - 1
    fields = (
        _field("Threshold ", tag("input", type="range", min=0, max=last, step=1,
               value=slider.start, class_="at") + " " + tag("output", "", class_="threshold"))
        + _field("A false alarm costs ", _number("alarm", slider.false_positive))
        + _field("A miss costs ", _number("miss", slider.false_negative))
    )  # fmt: skip
    said = (
        _said("Precision ", "precision")
        + _said("Recall ", "recall")
        + _said("A row costs ", "cost", " (" + tag("span", "", class_="least") + ")")
    )
    curve = tag(
        "svg",
        tag("title", "Cost of a row by threshold, from 0 to 1")
        + tag("polyline", points="", class_="line s0 curve")
        + tag("circle", r=6, class_="f2 best")
        + tag("circle", r=4, class_="f1 here"),
        viewBox="0 0 600 100",
        role="img",
        class_="picture",
    )
    key = tag("p", "The curve is the cost of a row by threshold; the large dot is the least, the "
              "small one the threshold that is chosen.", class_="subtitle")  # fmt: skip
    inside = tag("p", fields) + _matrix(yes, no) + tag("p", said) + curve + key
    # One script for all sliders: a card has one.
    return tag(
        "div", inside, class_="slider", hidden="hidden", data_counts=escape(json.dumps(counts))
    ) + tag("script", SCRIPT)


def _field(words: str, control: str) -> str:
    return tag("label", words + control) + " "


def _number(name: str, value: float) -> str:
    return tag("input", type="number", min=0, step="any", value=f"{value:g}", class_=name)


def _said(words: str, name: str, more: str = "") -> str:
    return tag("span", words + tag("strong", "", class_=name) + more) + " "


def _matrix(yes: str, no: str) -> str:
    """The confusion matrix, its cells to be filled."""

    def row(truth: str, *names: str) -> str:
        cells = "".join(tag("td", "", class_=f"number {name}") for name in names)
        return tag("tr", tag("th", truth, scope="row") + cells)

    heads = "".join(
        tag("th", word, scope="col") for word in ("truth", f"answered {yes}", f"answered {no}")
    )
    caption = tag("caption", tag("span", "Held-out rows by truth and answer"))
    body = row(yes, "found", "missed") + row(no, "alarms", "left")
    table = tag("table", caption + tag("thead", tag("tr", heads)) + tag("tbody", body))
    return tag("div", table, class_="scroll", tabindex=0)
