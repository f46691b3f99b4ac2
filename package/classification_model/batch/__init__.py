"""Score files of any size: CSV, JSON Lines and Parquet in, CSV or Parquet out.

sources     which files, and their bytes as UTF-8
csv_blocks  whole records of CSV, and what is wrong with a line
readers     any source as blocks of rows
rows        row by row, the reference
tables      whole columns of a block, and which rows are odd
layouts     how scored rows are written
scoring     a block in, its answer out
sinks       files written whole or not at all
run         all cores of this machine, in order
parts       the workers of a cluster, a part for each file
"""

from classification_model.batch.run import Scored, score_files

__all__ = ["Scored", "score_files"]
