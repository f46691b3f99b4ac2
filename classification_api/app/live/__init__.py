"""After the deployment: what is served beside the training, what turned out true, a second model."""

from .ids import QUOTED, Quoted
from .keeper import Keeper
from .recording import Live
from .routes import add_live

__all__ = ["QUOTED", "Keeper", "Live", "Quoted", "add_live"]
