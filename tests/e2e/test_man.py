# SPDX-License-Identifier: Apache-2.0
"""The man pages say what the programs' help says, option by option, in both directions."""

import re
import shutil
import subprocess

import pytest

PAGES = ["coordinator", "graphene-manifest", "graphene-pf-crypt", "graphene-platform",
         "graphene-sigstruct-view", "graphene-sign", "graphene-sim", "marblerun",
         "premain-graphene"]
HAVE_NO_HELP = ["premain-graphene"]  # all their arguments are the application's
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[A-Za-z])(?![\w-])")


def page_of(build, name):
    """The text of a page, as roff has it but for its escapes."""
    text = (build / f"man/{name}.1").read_text()
    return re.sub(r"\\f[BIPR]|\\&", "", text).replace("\\-", "-")


def run(build, name, *words):
    return subprocess.run([build / "bin" / name, *words], capture_output=True, text=True,
                          check=True, timeout=60).stdout


def commands_of(build):
    """All commands of marblerun, from its help."""
    waiting, found = [()], []
    while waiting:
        command = waiting.pop()
        found.append(command)
        text = run(build, "marblerun", *command, "--help")
        if "\nCommands:\n" in text:
            names = text.partition("\nCommands:\n")[2].partition("\n\n")[0]
            waiting += [(*command, line.split()[0]) for line in names.splitlines()]
    return found


def help_of(build, name):
    if name != "marblerun":
        return run(build, name, "--help")
    return "".join(run(build, name, *command, "--help") for command in commands_of(build))


@pytest.mark.parametrize("name", PAGES)
def test_every_option_has_its_place_in_the_man_page(build, name):
    """And the page names no other ones of this program."""
    text = page_of(build, name)
    if name in HAVE_NO_HELP:
        return
    shown = help_of(build, name)
    described = set(OPTION.findall(text.partition("EXIT STATUS")[0]))
    assert described - {"--help", "-h"} == set(OPTION.findall(shown)) - {"--help", "-h"}


def test_every_command_of_marblerun_is_in_its_man_page(build):
    text = page_of(build, "marblerun").replace("\n", " ")
    for command in commands_of(build):
        if command and command[0] != "certificate":
            assert " ".join(command) in text, command


@pytest.mark.parametrize("name", PAGES)
def test_exit_statuses_are_documented_and_pages_format(build, name):
    assert ".SH EXIT STATUS" in page_of(build, name)
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    done = subprocess.run(["man", "--warnings", "-l", build / f"man/{name}.1"], check=True,
                          capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert (done.stderr, name in done.stdout) == ("", True)
