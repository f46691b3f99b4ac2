"""Functions of a home, for tests: those of the Titanic, whatever the home that ships is about."""

from __future__ import annotations

TITLES = {
    "Master": "Master",
    "Miss": "Miss",
    "Mlle": "Miss",
    "Mme": "Mrs",
    "Mr": "Mr",
    "Mrs": "Mrs",
    "Ms": "Miss",
}


def title(name: str | None) -> str | None:
    """The form of address in ``Surname, Title. Forenames``, rare ones under one name."""
    if name is None:
        return None
    _, comma, rest = name.partition(",")
    return TITLES.get(rest.partition(".")[0].strip(), "Rare") if comma else None


def deck(cabin: str | None) -> str | None:
    """The deck's letter, which starts a cabin's number."""
    return cabin[0] if cabin else None


def word_count(text: str | None) -> float:
    """How many words there are; none where the text is missing."""
    return float(len(text.split())) if text else 0.0


def family_size(sibsp: int | None, parch: int | None) -> float | None:
    """The passenger with siblings, spouse, parents and children aboard."""
    return None if sibsp is None or parch is None else float(sibsp + parch + 1)


def family_band(sibsp: int | None, parch: int | None) -> str | None:
    """Small families fared better than those alone, and those than large families."""
    size = family_size(sibsp, parch)
    if size is None:
        return None
    return "alone" if size == 1 else "small" if size <= 4 else "large"


def _under_14(age: float | None) -> bool:
    return age is not None and age < 14


def saved_first(
    pclass: int | None, sex: str | None, age: float | None, name: str | None
) -> str | None:
    """Women and children first, and by class: the order in which the boats were filled."""
    child = title(name) == "Master" or _under_14(age)
    who = "woman or child" if sex == "female" or child else "man"
    return f"{who}, class {pclass}"


def fare_per_person(fare: float | None, sibsp: int | None, parch: int | None) -> float | None:
    """The fare is the ticket's, and a family travels on one."""
    size = family_size(sibsp, parch)
    return None if fare is None or not size else fare / size


SEEN = {"saved_first": (None, None, _under_14, title)}

EXAMPLES = {
    "name": (
        "Andersson, Mr. William", "Andersson, Mrs. William (Mary)", "Andersson, Miss. Alice",
        "Andersson, Master. Peter", "Andersson, Dr. James", "Andersson, Rev. Thomas",
        "James Andersson",
    ),
    "cabin": ("A1", "B12", "B12 B14", "C13", "C13 C15 C17", "D14", "E15", "F16", "F G17", "G18"),
}  # fmt: skip
