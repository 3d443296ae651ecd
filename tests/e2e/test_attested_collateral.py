# SPDX-License-Identifier: Apache-2.0
"""A Coordinator under graphene-sim whose collateral is no good says so when it starts."""

import pytest
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

WARNING = "The quote of this Coordinator does not verify here."


def remove(coordinator):
    for file in (coordinator.folder / "collateral").glob("*.*"):
        file.unlink()


def damage(coordinator):
    (coordinator.folder / "collateral/tcb_info.json").write_text("{")


def expire(coordinator):
    coordinator.use_collateral("--issued-at", "2024-01-01T00:00:00Z", "--valid-for", "30")


@pytest.mark.parametrize("spoil,reason", [
    (remove, "No such file"), (damage, "collateral in /collateral"), (expire, "expired at")])
def test_collateral_that_is_no_good_is_named_at_the_start(coordinator, spoil, reason):
    coordinator.stop()
    spoil(coordinator)
    coordinator.start()
    warning, = [line for line in coordinator.process.lines if line["msg"].startswith(WARNING)]
    assert warning["level"] == "warn" and reason in warning["error"]
    assert coordinator.get("/status")["StatusCode"] == 2


def test_good_collateral_needs_no_word(coordinator):
    assert not [text for text in coordinator.process.messages() if text.startswith(WARNING)]
