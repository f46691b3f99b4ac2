"""Names from a stranger's file steer no terminal, no log and no Markdown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model.plain_text import clean, markdown, printable, unprintable


@given(st.text())
def test_cleaned_text_is_one_line_that_can_be_seen(text: str) -> None:
    shown = clean(text)
    assert not unprintable(shown)
    assert len(shown.splitlines()) <= 1


@given(st.text())
def test_what_is_printed_holds_no_control_but_line_ends(text: str) -> None:
    assert set(unprintable(printable(text))) <= {"\n"}


@pytest.mark.parametrize("text", ["plain", "größe (cm)", "می‌خواهم", "👩‍🔬", "日本語"])
def test_names_of_any_script_stay_as_they_are(text: str) -> None:
    assert (clean(text), printable(text), unprintable(text)) == (text, text, "")


@pytest.mark.parametrize(
    "text", ["a\x1b[31m", "a\x9bb", "a\u202eb", "a\u2066b", "a\u2028b", "a\x7f"]
)
def test_escapes_and_turned_directions_are_seen_as_what_they_are(text: str) -> None:
    assert unprintable(text)
    assert "\ufffd" in clean(text) or clean(text) == "a b"
    assert "\\" in printable(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in printable(text))


def test_markdown_shows_a_name_as_it_is_written() -> None:
    assert markdown("a|b <img> *c*\n[d](e)") == "a\\|b \\<img\\> \\*c\\* \\[d\\](e)"
