# SPDX-License-Identifier: Apache-2.0
"""An owner with `marblerun`, who knows which Coordinator to expect on which simulated machine."""

import json


class AttestedOwner:
    def __init__(self, cli, coordinator, era_file="era.json"):
        self.cli, self.coordinator, self.era_file = cli, coordinator, era_file
        self.simulated = (f"Warning: SIMULATED: the quote was verified with the simulated root "
                          f"{coordinator.machine.folder}/root_ca.pem and proves nothing about hardware\n")
        self.flags = ["--era-config", era_file, *coordinator.machine.flags()]
        self.expect(coordinator.era())

    def expect(self, era):
        self.cli.write(self.era_file, json.dumps(era))

    def succeed(self, *words, flags=()):
        """What the command prints, which attests the Coordinator first."""
        return self.cli.succeed(*words, self.coordinator.client, *self.flags, *flags,
                                stderr=self.simulated)

    def fail(self, *words, flags=(), stdout=""):
        """The error of a command for which the Coordinator is attested, too."""
        return self.cli.fail(*words, self.coordinator.client, *self.flags, *flags, stdout=stdout,
                             stderr=self.simulated)
