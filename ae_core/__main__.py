"""``python -m ae_core``: see `ae_core.cli`."""

from ae_core.cli import main

if __name__ == "__main__":
    main(prog_name="python -m ae_core")
