#!/usr/bin/env python3
"""Checks the vectors beside it by the text of the specification alone. It shares
no code and no library with the programs.

    check.py                       check all vectors
    check.py --mutate              alter every value, long ones in every byte, and
                                   demand that each alteration is noticed
    check.py --mutate --stride N   long values in every Nth byte only; 0: in every digit
    check.py ... SUBJECT...        only these files
"""

import argparse
import json
import pathlib
import sys
import time

from checker import mutate
from checker.subjects import SUBJECTS, check_case, check_frame_of_file

HERE = pathlib.Path(__file__).resolve().parent


def load(subject):
    text = (HERE / f"{subject}.json").read_text(encoding="utf-8")
    return json.loads(text, object_pairs_hook=unique)


def unique(pairs):
    """An object in which no name stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def check(subject):
    cases = check_frame_of_file(subject, load(subject))
    for number, case in enumerate(cases):
        try:
            check_case(subject, case)
        except Exception as error:
            raise SystemExit(f"{subject}.json, case {number}: {error!r}") from error
    print(f"{subject:14} {len(cases):3} cases hold")


def every_file_is_known():
    found = {path.stem for path in HERE.glob("*.json")}
    if found != set(SUBJECTS):
        raise SystemExit(f"files and subjects differ: {sorted(found ^ set(SUBJECTS))}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--mutate", action="store_true")
    arguments.add_argument("--stride", type=int, default=1, metavar="N")
    arguments.add_argument("subjects", nargs="*", metavar="SUBJECT")
    given = arguments.parse_args()
    every_file_is_known()
    subjects = given.subjects or list(SUBJECTS)
    for subject in subjects:
        check(subject)
    if given.mutate:
        tries, unnoticed = 0, 0
        for subject in subjects:
            began = time.monotonic()
            tried, missed = mutate.file(subject, load(subject), given.stride)
            tries, unnoticed = tries + tried, unnoticed + len(missed)
            took = time.monotonic() - began
            print(f"{subject:14} {tried:8} alterations, {len(missed)} unnoticed, {took:.1f} s")
            for place in missed[:20]:
                print(f"    unnoticed: {place}")
        print(f"{tries} alterations of all values, {unnoticed} unnoticed")
        if unnoticed:
            raise SystemExit(f"{unnoticed} alterations were not noticed")


if __name__ == "__main__":
    sys.exit(main())
