# SPDX-License-Identifier: Apache-2.0
"""graphene-pf-crypt, against an implementation of the format that was written apart from it."""

import hashlib
import os
import pty
import random
import subprocess

import pytest
from cryptography.exceptions import InvalidTag

import protected_files
from sim_app import BUILD, PATIENCE

TOOL = BUILD / "bin/graphene-pf-crypt"
KEY = bytes(range(16))
SIZES = [0, 1, 3071, 3072, 3073, 4095, 4096, 4097, 7168, 7169, 3072 + 96 * 4096 - 1,
         3072 + 96 * 4096, 3072 + 96 * 4096 + 1, 3072 + 97 * 4096, 40 * 96 * 4096 + 17]
WRITTEN = ["graphene", "gramine-1", "gramine-2"]
NAMES = {"graphene-old": "GRAPH_PF 1.0 (before May 2021)", "graphene": "GRAPH_PF 1.0",
         "gramine-1": "GRAFS_PF 1.0", "gramine-2": "GRAFS_PF 2.0"}


@pytest.fixture(name="tool")
def fixture_tool(tmp_path):
    """Runs the tool in a folder of its own with a file `key`."""
    (tmp_path / "key").write_bytes(KEY)

    def run(*args, status=0, program=TOOL):
        done = subprocess.run([program, *args], cwd=tmp_path, capture_output=True, text=True,
                              check=False, timeout=PATIENCE)
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr
    return run


def content_of(size):
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_files_of_the_tool_open_elsewhere(tool, tmp_path, size):
    (tmp_path / "plain").write_bytes(content_of(size))
    for kind in WRITTEN:
        tool("encrypt", "-w", "key", "-i", "plain", "-o", f"./x//{kind}/../{kind}", "-f", kind,
             status=255)
        tool("encrypt", "-w", "key", "-i", "plain", "-o", f".//{kind}", "-f", kind)
        found = protected_files.decrypt(KEY, (tmp_path / kind).read_bytes(), kind)
        assert found == (kind, content_of(size))


@pytest.mark.parametrize("size", SIZES)
def test_files_from_elsewhere_open_in_the_tool(tool, tmp_path, size):
    for kind, name in NAMES.items():
        file = protected_files.encrypt(KEY, "some/path", content_of(size), kind)
        (tmp_path / kind).write_bytes(file)
        tool("decrypt", "-w", "key", "-i", kind, "-o", "plain")
        assert (tmp_path / "plain").read_bytes() == content_of(size)
        assert tool("show", "-w", "key", "-i", kind) == \
            f'{kind}: {name}, {size} bytes, bound to the path "some/path"\n'
        assert 'bound to the path "some/path"' in tool("verify", "-w", "key", "-i", kind, status=255)


def test_a_hundred_mebibytes_go_both_ways(tool, tmp_path):
    with open(tmp_path / "plain", "wb") as plain:
        for i in range(100):
            plain.write(content_of(1 << 10) * (1 << 10) + bytes([i]))
    digest = hashlib.sha256((tmp_path / "plain").read_bytes()).digest()
    tool("encrypt", "-w", "key", "-i", "plain", "-o", "file")
    _, content = protected_files.decrypt(KEY, (tmp_path / "file").read_bytes(), "gramine-1")
    assert hashlib.sha256(content).digest() == digest
    (tmp_path / "file").write_bytes(protected_files.encrypt(KEY, "file", content, "gramine-2"))
    tool("decrypt", "-V", "-w", "key", "-i", "file", "-o", "again")
    assert hashlib.sha256((tmp_path / "again").read_bytes()).digest() == digest


def test_folders_are_walked_through(tool, tmp_path):
    (tmp_path / "in/sub/empty").mkdir(parents=True)
    (tmp_path / "in/a").write_text("first")
    (tmp_path / "in/sub/b").write_text("second")
    assert tool("encrypt", "--wrap-key", "key", "--input", "in", "--output", "enc") == (
        'Encrypting: in/a -> enc/a\n'
        '    (Gramine\'s encrypted files must contain this exact path: "enc/a")\n'
        'Encrypting: in/sub/b -> enc/sub/b\n'
        '    (Gramine\'s encrypted files must contain this exact path: "enc/sub/b")\n')
    assert (tmp_path / "enc/sub/empty").is_dir()
    assert tool("verify", "-w", "key", "-i", "./enc") == \
        "Verifying: ./enc/a\nVerifying: ./enc/sub/b\n"
    (tmp_path / "enc/a.gramine.recovery").write_bytes(b"of an interrupted write")
    tool("decrypt", "-w", "key", "-i", "enc", "-o", "out")
    assert (tmp_path / "out/a").read_text() == "first"
    assert (tmp_path / "out/sub/b").read_text() == "second"
    assert not (tmp_path / "out/a.gramine.recovery").exists()


def test_keys_are_new_and_never_overwritten(tool, tmp_path):
    assert tool("gen-key", "-w", "one") == "Wrap key saved to: one\n"
    tool("gen-key", "-w", "two")
    one, two = (tmp_path / "one").read_bytes(), (tmp_path / "two").read_bytes()
    assert len(one) == len(two) == 16 and one != two
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert "one exists" in tool("gen-key", "-w", "one", status=255)
    assert (tmp_path / "one").read_bytes() == one


def test_a_changed_file_gives_nothing_out(tool, tmp_path):
    content = content_of(9000)
    file = bytearray(protected_files.encrypt(KEY, "file", content, "gramine-1"))
    file[3 * 4096 + 5] ^= 1
    (tmp_path / "file").write_bytes(file)
    assert "changed" in tool("decrypt", "-w", "key", "-i", "file", "-o", "out", status=255)
    assert sorted(os.listdir(tmp_path)) == ["file", "key"]
    with pytest.raises(InvalidTag):
        protected_files.decrypt(KEY, bytes(file))
    (tmp_path / "file.gramine.recovery").touch()
    assert "interrupted" in tool("decrypt", "-w", "key", "-i", "file", "-o", "out", status=255)


@pytest.mark.parametrize("args, said", [
    (["encrypt", "-w", "key", "-i", "none", "-o", "x"], "cannot read none"),
    (["encrypt", "-w", "short", "-i", "key", "-o", "x"], "short has 3 bytes; a wrap key has 16"),
    (["encrypt", "-w", "key", "-i", "key"], "needs --input and --output"),
    (["verify", "-w", "key", "-i", "key", "-o", "x"], "has no --output"),
    (["decrypt", "-w", "key", "-i", "short", "-o", "x"], "short: it is no protected file"),
    (["encrypt", "-i", "key", "-o", "x"], "--wrap-key is missing"),
    (["encrypt", "-w", "key", "-i", "key", "-o", "x", "-f", "zip"], "no such format: zip"),
    (["transmogrify", "-w", "key"], "no such mode: transmogrify"),
    ([], "give one mode"),
    (["encrypt", "-w", "key", "-i", "key", "-o", "x" * 200 + "/" * 2], "cannot write"),
])
def test_what_cannot_be_done_is_told(tool, tmp_path, args, said):
    (tmp_path / "short").write_text("abc")
    assert said in tool(*args, status=255)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name, kind", [("pf_crypt", "graphene"), ("graphene-sgx-pf-crypt", "graphene"),
                                        ("gramine-sgx-pf-crypt", "gramine-1")])
def test_other_names_write_what_they_are_known_for(tool, tmp_path, name, kind):
    tool("e", "-w", "key", "-i", "key", "-o", "file", program=BUILD / "lib/graphene-sim/bin" / name)
    assert protected_files.decrypt(KEY, (tmp_path / "file").read_bytes(), kind) == ("file", KEY)


def test_long_work_shows_a_bar_on_a_terminal(tmp_path):
    (tmp_path / "key").write_bytes(KEY)
    with open(tmp_path / "plain", "wb") as plain:
        plain.truncate(1500 << 20)
    ours, terminal = pty.openpty()
    with subprocess.Popen([TOOL, "encrypt", "-w", "key", "-i", "plain", "-o", "file"], cwd=tmp_path,
                          stdout=subprocess.DEVNULL, stderr=terminal) as running:
        os.close(terminal)
        shown = os.read(ours, 1000)
        running.kill()
    os.close(ours)
    for left in tmp_path.iterdir():
        left.unlink()
    assert b"% of 1500 MiB" in shown
