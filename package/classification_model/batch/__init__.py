"""Score files of any size: CSV, JSON Lines and Parquet in, CSV or Parquet out.


answers     what is said of a block
rows        row by row, the reference
layouts     how scored rows are written
scoring     a block in, its answer out
sinks       files written whole or not at all
run         all cores of this machine, in order
parts       the workers of a cluster, a part for each file
"""

from classification_model.batch.run import Scored, score_files

__all__ = ["Scored", "score_files"]
