"""A plain part of YAML: mappings, lists and texts, with the line that each is on.

No text is taken for a number, a date or a boolean; whoever reads it knows which it should be.
Tags, anchors and aliases are refused, and so is a key that is there twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml import events

from classification_model.config.conflicts import CONFLICT, is_mark

__all__ = ["Document", "Node", "YamlError", "read"]

Node = str | list["Node"] | dict[str, "Node"]
Path = tuple[str | int, ...]

_DEEPEST = 20
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # where PyYAML counts a line
_INDENTED_BY_TAB = re.compile(r" *\t")


class YamlError(ValueError):
    """A text that is not YAML, or more of it than is read here.

    Attributes:
        line: where it is, from 1.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds; ``lines`` has the line of each part by the keys that lead to it."""

    value: Node
    lines: dict[Path, int] = field(default_factory=dict)


def read(text: str) -> Document:
    """Read one YAML document.

    Raises:
        YamlError: it cannot be read; the message is one line without the place.
    """
    lines = _LINE_END.split(text)
    for number, line in enumerate(lines, 1):
        if is_mark(line):
            raise YamlError(number, CONFLICT)
    document = Document({})
    try:
        return Document(_Builder(text, document.lines).document(), document.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        number = mark.line + 1 if mark else 1
        if number <= len(lines) and _INDENTED_BY_TAB.match(lines[number - 1]):
            raise YamlError(number, "a tab; indent with spaces") from None
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(number, " ".join(problem.split())) from None
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        problem = f"the character U+{ord(text[error.position]):04X}, which YAML does not allow"
        raise YamlError(number, problem) from None


class _Builder:
    """Values from the events of PyYAML's parser."""

    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._lines = lines

    def document(self) -> Node:
        """The one document that there is; of an empty text an empty mapping."""
        next(self._events)  # the stream starts
        if isinstance(next(self._events), events.StreamEndEvent):
            return {}
        value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        more = next(self._events)
        if not isinstance(more, events.StreamEndEvent):
            raise YamlError(_line(more), "a second document; leave out the line '---'")
        return value

    def _value(self, event: events.Event, path: Path) -> Node:
        self._lines.setdefault(path, _plain(event))
        if len(path) > _DEEPEST:
            raise YamlError(_plain(event), f"more than {_DEEPEST} levels deep")
        if isinstance(event, events.ScalarEvent):
            return str(event.value)
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(path)
        items = enumerate(self._until(events.SequenceEndEvent))
        return [self._value(item, (*path, i)) for i, item in items]

    def _mapping(self, path: Path) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for event in self._until(events.MappingEndEvent):
            line = _plain(event)
            if not isinstance(event, events.ScalarEvent):
                raise YamlError(line, "a key that is no text")
            key = str(event.value)
            if key in found:
                first = self._lines[*path, key]
                raise YamlError(line, f"the key {key!r} is there already, on line {first}")
            self._lines[*path, key] = line
            found[key] = self._value(next(self._events), (*path, key))
        return found

    def _until(self, end: type[events.Event]) -> Iterator[events.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


def _line(event: events.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain(event: events.Event) -> int:
    """The line of an event that has neither anchor nor tag."""
    if isinstance(event, events.AliasEvent) or getattr(event, "anchor", None):
        problem = "an anchor or alias (& or *); write it out, or quote the text"
        raise YamlError(_line(event), problem)
    if tag := getattr(event, "tag", None):
        raise YamlError(_line(event), f"a tag, {tag}; leave it out, or quote the text")
    return _line(event)
