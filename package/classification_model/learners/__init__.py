"""The parts that a blend is made of: boosted trees, linear models and small networks.

Each is fitted by a library and kept as plain arrays: what prediction reads, and nothing else.
So a pickle needs no library that only training needs, holds no row of the table, and says the
same as the ONNX graph that is written from the same arrays.
"""

from classification_model.learners.blend import Blend

__all__ = ["Blend"]
