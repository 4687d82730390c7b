"""Unpacks a Parquet file to see whether it can be, in a process of its own: python -m … FILE.

A few hundred bytes can unpack to gigabytes, and nothing that the file says of its sizes is to be believed. Ends with a
sentence on stderr, and not with 0, where it takes too much.
"""

import sys

from ae_core import processes

MOST_MEMORY = 500 << 20  # bytes of the process, libraries included
MOST_SECONDS = 120
MOST_BATCH = 32 << 20  # bytes of the rows that are read at a time


def main(path: str, rows: int) -> None:
    """Reads all of it, so many rows at a time."""
    from pyarrow import parquet

    processes.limit_memory(MOST_MEMORY)
    for size in (1, rows):  # the first row by itself, as who looks at it reads it
        for table in parquet.ParquetFile(path).iter_batches(batch_size=size, use_threads=False):
            if table.nbytes > MOST_BATCH:
                sys.exit(f"{len(table)} of its rows have {table.nbytes / 1e6:,.0f} MB")
            if size == 1:
                break


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
