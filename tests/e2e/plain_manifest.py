# SPDX-License-Identifier: Apache-2.0
"""Manifests of one package that demands little, and how the Coordinator refuses its Marbles."""

import grpc
import pytest

PACKAGE = {"Debug": True, "SecurityVersion": 1, "ProductID": 1, "SignerID": "00" * 32}


def manifest_of(marbles, **sections):
    return {"Packages": {"package": PACKAGE},
            "Marbles": {name: {"Package": "package", **marble} for name, marble in marbles.items()},
            **sections}


def set_manifest(coordinator, *arguments, **sections):
    answer = coordinator.set_manifest(manifest_of(*arguments, **sections))
    assert answer.status_code == 200, answer.text


def refused(code, text, call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    assert caught.value.code() == code
    assert text in caught.value.details()
