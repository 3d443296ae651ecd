# SPDX-License-Identifier: Apache-2.0
"""Keeps notes in a folder that its enclave encrypts: `notes.py TEXT` adds one and shows them all."""

import os
import pathlib
import sys

NOTES = pathlib.Path("/notes/notes.txt")


def main():
    with NOTES.open("a", encoding="utf-8") as notes:
        notes.write(" ".join(sys.argv[1:]) + "\n")
        notes.flush()
        os.fsync(notes.fileno())
    for number, note in enumerate(NOTES.read_text(encoding="utf-8").splitlines(), 1):
        print(f"note {number}: {note}")


if __name__ == "__main__":
    main()
