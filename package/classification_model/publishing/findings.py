"""What an audit says: for each attack, what was tried and what it found."""

from __future__ import annotations

from classification_model.config.schema import FrozenModel

__all__ = ["Attack", "Audit", "Finding"]


class Finding(FrozenModel):
    """Something published that tells of fewer people than the rule allows.

    It names the place and never the value: what an audit prints may be public, too.
    """

    file: str
    where: str
    what: str


class Attack(FrozenModel):
    """One attack: ``tried`` says how much was looked at, ``note`` what else is worth knowing."""

    name: str
    tried: str
    found: tuple[Finding, ...] = ()
    note: str = ""


class Audit(FrozenModel):
    """All attacks on what a home would publish.

    ``named`` is what a person wrote into config.yml by hand: it stays, and is no finding.
    ``warnings`` are what no bar is set for.
    """

    version: str
    rows: int
    min_rows: int
    attacks: tuple[Attack, ...]
    named: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for attack in self.attacks for finding in attack.found)
