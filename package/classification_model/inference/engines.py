"""Two engines that turn the encoded matrix into probabilities.

ONNX Runtime is the default: quick to start, small, and it runs no code from the model
file. scikit-learn is the reference, and unpickles. Each library is imported only by the
engine that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata
from threading import local
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from classification_model.errors import IncompatibleModelError, shorten
from classification_model.processing.arrays import Matrix

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["TOLERANCE", "Engine", "OnnxScorer", "Probabilities", "Scorer", "SklearnScorer"]

Engine = Literal["onnx", "sklearn"]

Probabilities = npt.NDArray[np.floating]

TOLERANCE = 1e-5
"""The largest difference in a probability between two engines, or between two machines."""


class Scorer(Protocol):
    """Encoded rows in, class probabilities out."""

    def score(self, matrix: Matrix) -> Probabilities:
        """From shape ``(rows, features)`` to shape ``(rows, classes)``.

        A row gets the same bits whatever other rows it comes with.
        """

    def score_row(self, values: Sequence[float]) -> list[float]:
        """One encoded row's probabilities, to the bit those that ``score`` gives."""


class OnnxScorer:
    """Scores through ONNX Runtime, on one thread: replicas scale out, not threads.

    That a row gets the same bits alone and in a batch is the graph's doing; export sees to it.

    Raises:
        IncompatibleModelError: the installed ONNX Runtime does not read the graph.
    """

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=providers)
        except Exception as error:  # noqa: BLE001 - its errors have no base of their own
            raise IncompatibleModelError(
                f"onnxruntime {metadata.version('onnxruntime')} does not read the model's graph "
                f"({shorten(str(error))}): install the version that it was made with "
                "(classification-model verify shows it), or train again"
            ) from None
        self._input = self._session.get_inputs()[0]
        self._output = self._session.get_outputs()[-1].name
        self._thread = local()

    def score(self, matrix: Matrix) -> Probabilities:
        feed = {self._input.name: matrix}
        probabilities: Probabilities = self._session.run([self._output], feed)[0]
        return probabilities

    def score_row(self, values: Sequence[float]) -> list[float]:
        try:
            score: Callable[[Sequence[float]], list[float]] = self._thread.score_row
        except AttributeError:
            score = self._thread.score_row = self._row_scorer()
        return score(values)

    def _row_scorer(self) -> Callable[[Sequence[float]], list[float]]:
        """A function with its own memory for one row, which ONNX Runtime reads and writes.

        Handing arrays over, one call at a time, costs a third of scoring one row. The memory
        is used by one thread, and only until the function returns.
        """
        features = np.zeros((1, self._input.shape[1]), np.float32)
        probabilities = self.score(features)
        binding = self._session.io_binding()
        for bind, name, memory in (
            (binding.bind_input, self._input.name, features),
            (binding.bind_output, self._output, probabilities),
        ):
            bind(name, "cpu", 0, np.float32, memory.shape, memory.ctypes.data)
        first, run = probabilities[0], self._session.run_with_iobinding

        def score_row(values: Sequence[float]) -> list[float]:
            features[0] = values
            run(binding)
            scores: list[float] = first.tolist()
            return scores

        return score_row


class SklearnScorer:
    """Scores through the pickled pipeline itself, after its encoding step."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._classify = pipeline.named_steps["classify"]

    def score(self, matrix: Matrix) -> Probabilities:
        from classification_model.processing.blockwise import probabilities

        return probabilities(self._classify, matrix)

    def score_row(self, values: Sequence[float]) -> list[float]:
        scores: list[float] = self.score(np.array([values], np.float32))[0].tolist()
        return scores
