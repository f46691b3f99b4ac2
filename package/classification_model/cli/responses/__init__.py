"""What commands answer with ``--json``: one object each, of a shape that stays.

Keys may be added; none changes its meaning or goes away before version 2. What there is not
is ``null``, and is never left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from classification_model.cli.responses.looking import Audited, Compared, Evaluated, Info, Verified
from classification_model.cli.responses.making import Initialised, RolledBack, Trained, Updated
from classification_model.cli.responses.using import Predicted
from classification_model.cli.responses.watching import Drifted, Labelled
from classification_model.config.schema import FrozenModel

__all__ = ["BY_COMMAND"]


BY_COMMAND: Mapping[str, type[FrozenModel]] = {
    "init": Initialised,
    "init --update": Updated,
    "train": Trained,
    "rollback": RolledBack,
    "evaluate": Evaluated,
    "compare": Compared,
    "verify": Verified,
    "info": Info,
    "predict": Predicted,
    "audit": Audited,
    "drift": Drifted,
    "export": Labelled,
}
"""The shape that each command answers in."""
