# SPDX-License-Identifier: Apache-2.0
"""Changes of a document, as Machine.change_document makes them."""

import json


def put(*path):
    """Sets the member at the path to its last element."""
    *names, last, value = path

    def change(document):
        place = document
        for name in names:
            place = place[name]
        assert last in place if isinstance(place, dict) else last < len(place)
        place[last] = value
    return change


def drop(*path):
    *names, last = path

    def change(document):
        place = document
        for name in names:
            place = place[name]
        del place[last]
    return change


def spelled(old, new):
    """The document's text with the first occurrence of `old` replaced."""
    def change(document):
        text = json.dumps(document, separators=(",", ":"))
        assert old in text
        return text.replace(old, new, 1).encode()
    return change
