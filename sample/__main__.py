"""`python -m sample --out DIR [--seed 7]`."""

from argparse import ArgumentParser
from pathlib import Path

from sample.folder import SEED, write_sample


def main() -> None:
    """Write the sample where the command line says."""
    parser = ArgumentParser(prog="python -m sample", description="Write the sample catalogue.")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder to write to; made when missing",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=SEED,
        help="another seed makes another shop (default %(default)s)",
    )
    arguments = parser.parse_args()
    write_sample(arguments.out, arguments.seed)


if __name__ == "__main__":
    main()
