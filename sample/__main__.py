"""`python -m sample --out DIR [--seed 7] [--language de]`."""

from argparse import ArgumentParser
from pathlib import Path

from sample.folder import ENGLISH, SEED, write_sample
from sample.languages.reading import LANGUAGES


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
    parser.add_argument(
        "--language",
        choices=(ENGLISH, *LANGUAGES),
        default=ENGLISH,
        help="a smaller shop in another language (default %(default)s)",
    )
    arguments = parser.parse_args()
    write_sample(arguments.out, arguments.seed, arguments.language)


if __name__ == "__main__":
    main()
