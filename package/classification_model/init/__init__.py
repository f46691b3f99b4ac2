"""From a CSV to a home: what its columns are, and the files that say so."""
