"""Read files of rows: CSV, JSON Lines and Parquet, for training and for scoring.

sources     which files, and how they are opened
encodings   their bytes as UTF-8
csv_blocks  whole records of CSV, and what is wrong with a line
csv_cells   values as cells of CSV
blocks      any source as blocks of rows
records     a block row by row, the reference
tables      a block by whole columns, and which of its rows are odd
"""
