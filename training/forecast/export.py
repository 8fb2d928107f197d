"""Exports the forecaster as a plain BambaForCausalLM folder that transformers and `rivulet convert` read.

    python -m training.forecast.export training/runs/forecast training/runs/forecast/export
"""

import argparse
from pathlib import Path

from training import checkpoint
from training.forecast.model import fresh


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    model = fresh(0)
    model.load_state_dict(checkpoint.load(arguments.run / "checkpoint.pt")["model"])
    model.save_pretrained(arguments.folder)


if __name__ == "__main__":
    main()
