"""What waits to be counted: whatever the road and the batch, each value stays beside its answer."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.live.served import Served, TypedRows, columns_of, scores_of

NONE = [np.nan, np.nan]
REQUESTS = st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), min_size=1, max_size=4)))


@given(REQUESTS)
def test_each_row_that_was_scored_is_counted_with_its_own_answer(
    requests: list[tuple[bool, list[bool]]],
) -> None:
    """By column no row is refused; one by one some are."""
    served, expected, number = Served(), set(), 0
    for by_column, good in requests:
        numbers = [float(number + i) for i in range(len(good))]
        number += len(good)
        scored = [by_column or one for one in good]
        rows: TypedRows = [
            {"x": x} if is_scored else None for x, is_scored in zip(numbers, scored, strict=True)
        ]
        served.rows.append({"x": [*numbers]} if by_column else rows)
        served.sizes.append(len(good))
        for x, is_scored in zip(numbers, scored, strict=True):
            served.shares.extend([x, -x] if is_scored else NONE)
            if is_scored:
                expected.add((x, x, -x))
    scores = scores_of(served, served.scores(2))
    values = columns_of(served.rows, ["x"])["x"]
    assert {(x, *share) for x, share in zip(values, scores.tolist(), strict=True)} == expected
