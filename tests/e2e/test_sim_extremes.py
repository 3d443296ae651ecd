# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: huge files, hosts with limits, and applications that mean harm."""

import os
import resource

import pytest

import protected_files
from protected_app import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from protected_app import KEY, on_host, python
from sim_fixtures import compile_program

CALLS = int(os.environ.get("HOSTILE_CALLS", "20000"))
MARKER = b"never in plain text on the host"
FOUR_GIB = 4 << 30
PIECES = 5 * 256 * 1024  # data nodes of a file of 5 GiB

LARGE = """
set_key()
plain, size, four = bytes.fromhex(sys.argv[1]), int(sys.argv[2]), 4 << 30
def holes(offset, length):
    return (plain * (length // 4096 + 2))[(offset - 3072) % 4096:][:length]
def check(what, good):
    if not good:
        print("wrong:", what)
file = os.open("/secret/large", os.O_RDWR)
check("size", os.fstat(file).st_size == size == os.lseek(file, 0, os.SEEK_END))
for at in four - 5000, four - 1, four, size - 9000:
    check(at, os.pread(file, 9000, at) == holes(at, 9000))
check("end", os.pread(file, 9000, size - 10) == holes(size - 10, 10))
os.pwrite(file, b"across 4 GiB", four - 6)
with mmap.mmap(file, 4096, offset=four + 8192) as area:
    area[10:16] = b"mapped"
    area.flush()
os.lseek(file, 0, os.SEEK_END)
os.write(file, b"appended")
os.close(file)
with open("/secret/large", "ab") as file:
    file.write(b" twice")
"""

LARGE_AGAIN = """
set_key()
size, four = int(sys.argv[1]), 4 << 30
with open("/secret/large", "r+b", buffering=0) as file:
    print(os.pread(file.fileno(), 12, four - 6), os.pread(file.fileno(), 6, four + 8202),
          os.pread(file.fileno(), 99, size))
    file.truncate(four + 3)
    print(os.stat("/secret/large").st_size - four, os.pread(file.fileno(), 99, four - 6))
"""


def test_files_have_offsets_beyond_4_gib(py):
    size = 3072 + PIECES * 4096
    kind = "graphene" if py.era == "graphene" else "gramine-1"
    path = py.folder / "secret/large"
    with open(path, "wb") as file:
        plain = protected_files.write_holes(file, KEY, "secret/large", PIECES, [FOUR_GIB, size], kind)
    py.sign()
    assert python(py, LARGE, plain.hex(), size) == []
    assert path.stat().st_size > size and path.stat().st_blocks * 512 < 1 << 20
    assert python(py, LARGE_AGAIN, size) == ["b'across 4 GiB' b'mapped' b'appended twice'",
                                             "3 b'across 4 '"]
    assert FOUR_GIB < path.stat().st_size < FOUR_GIB + (64 << 20)


def test_a_limit_of_the_host_is_an_error_that_the_application_can_mend(py):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    # what is encrypted needs some more room than what the application has written
    assert python(py.sign(), """
set_key()
file = os.open("/secret/file", os.O_RDWR | os.O_CREAT)
def fill():
    for at in range(0, 1 << 20, 1 << 16):
        os.pwrite(file, b"x" * (1 << 16), at)
    os.fsync(file)
attempt(fill)
os.ftruncate(file, 1 << 19)
os.fsync(file)
os.close(file)
print(read("/secret/file") == b"x" * (1 << 19))
""", preexec_fn=limit) == ["EFBIG", "True"]
    assert on_host(py, "secret/file") == b"x" * (1 << 19)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hostile_application_stays_inside_and_is_served_on(make_app, era, tmp_path, seed):
    app = make_app(era)
    app.copy(compile_program(tmp_path, "hostile"))
    app.entrypoint = "hostile"
    app.trusted.append("file:hostile")
    app.settings["loader.insecure__use_cmdline_argv"] = True
    for name in ("secret", "open"):
        (app.folder / name).mkdir()
    app.allowed.append("file:open")
    if era == "graphene":
        app.settings["sgx.protected_files.secret"] = "file:secret"
        app.settings["sgx.insecure__protected_files_key"] = KEY.hex()
    else:
        app.mounts += [("/secret", "file:secret", "encrypted"), ("/open", "file:open", "chroot")]
        app.settings["fs.insecure__keys.default"] = KEY.hex()
    beside = {path: path.read_bytes() for path in app.sign().folder.iterdir() if path.is_file()}
    assert app.succeed(seed, CALLS, "/secret", "/secret", "/open", "/", "/dev", "/dev/attestation",
                       timeout=60 + CALLS / 100) == "served\n"
    for path, content in beside.items():
        assert path.read_bytes() == content
    assert {path.name for path in app.folder.iterdir() if path.is_file()} == {p.name for p in beside}
    protected = [path for path in (app.folder / "secret").rglob("*") if path.is_file()]
    assert app.folder / "secret/last" in protected
    for path in protected:
        assert MARKER not in path.read_bytes()
        assert protected_files.decrypt(KEY, path.read_bytes())[0] == str(path.relative_to(app.folder))
    assert not [path for path in app.folder.rglob("*") if path.is_symlink()]
