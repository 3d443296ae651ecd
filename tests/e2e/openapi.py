# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml, and replies compared with it."""

import pathlib

import jsonschema
import yaml

DOCUMENT = yaml.safe_load(
    (pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.yaml").read_text())


def resolve(node):
    while "$ref" in node:
        place = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        node = place
    return node


def validate(method, target, answer):
    """Fails unless the answer to this request is as the document says. Which one it is there."""
    path, status = target.partition("?")[0], str(answer.status_code)
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert status in responses, (method, path, answer.text)
    content = resolve(responses[status])["content"]
    kind = answer.headers["Content-Type"]
    assert kind in content, (method, path, kind)
    schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())
    return method, path, status
