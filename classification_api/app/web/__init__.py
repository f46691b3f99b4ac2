"""The page: a form for one row, a CSV dropped on it, and the model card. It asks no other host."""

from .headers import PageHeaders
from .keys import KeyPage
from .routes import add_docs, add_pages

__all__ = ["KeyPage", "PageHeaders", "add_docs", "add_pages"]
