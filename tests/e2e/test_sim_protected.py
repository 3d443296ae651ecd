# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: protected files and encrypted mounts, and what the host gets to see of them."""

import os
import random
import signal

import pytest

import protected_files
from protected_app import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from protected_app import KEY, PRELUDE, on_host, python
from sim_app import PATIENCE, children_of, is_alive, stop, wait_until

OPERATIONS = int(os.environ.get("PROTECTED_FILE_OPERATIONS", "3000"))


def test_the_host_has_nothing_but_ciphertext(py):
    py.sign()
    assert python(py, """
set_key()
write("/secret/file", "plain text " * 10000)
print(os.stat("/secret/file").st_size, read("/secret/file")[:10], os.listdir("/secret"))
""") == ["110000 b'plain text' ['file']"]
    assert on_host(py, "secret/file") == b"plain text " * 10000
    assert os.listdir(py.folder / "secret") == ["file"]
    assert b"plain" not in (py.folder / "secret/file").read_bytes()
    assert python(py, 'set_key(); print(len(read("/secret/file")))') == ["110000"]


def test_files_made_elsewhere_open(py):
    sizes = [0, 1, 3072, 3073, 7168, 3072 + 96 * 4096 + 1]
    for i, kind in enumerate(protected_files.FORMATS):
        for size in sizes:
            name = f"secret/{i}-{size}"
            py.write(name, protected_files.encrypt(KEY, name, random.Random(size).randbytes(size), kind))
    py.sign()
    assert python(py, f"""
set_key()
for i in range(4):
    for size in {sizes}:
        if read(f"/secret/{{i}}-{{size}}") != random.Random(size).randbytes(size):
            print("wrong", i, size)
        write(f"/secret/{{i}}-{{size}}", "more", "ab")
""") == []
    for i, kind in enumerate(protected_files.FORMATS):
        for size in sizes:
            file = (py.folder / f"secret/{i}-{size}").read_bytes()
            content = random.Random(size).randbytes(size) + b"more"
            assert protected_files.decrypt(KEY, file, kind) == (f"secret/{i}-{size}", content)


def test_the_seeds_line_provisions_files_that_do_not_exist_yet(make_app):
    app = make_app().use_python()
    app.settings.update({"sgx.protected_files.cert": "file:server.crt",
                         "sgx.protected_files.privkey": "file:server.key"})
    app.sign()
    python(app, 'set_key(); write("server.crt", "certificate"); write("/server.key", "private")')
    assert on_host(app, "server.crt") == b"certificate"
    assert on_host(app, "server.key") == b"private"


def test_without_the_right_key_nothing_opens(py):
    py.write("secret/file", protected_files.encrypt(KEY, "secret/file", b"content", "graphene"))
    py.sign()
    script = """
attempt(lambda: read("/secret/file"))
attempt(lambda: write("/secret/new", "x"))
print(os.stat("/secret/file").st_size, os.listdir("/secret"))
set_key(bytes(16))
attempt(lambda: read("/secret/file"))
set_key()
attempt(lambda: read("/secret/file"))
os.unlink("/secret/file")
"""
    done = py.run("-c", PRELUDE + f"GRAMINE = {py.era == 'gramine'}\n" + script)
    assert done.stdout.splitlines() == ["EACCES", "EACCES", "0 ['file']", "EACCES", "b'content'"]
    missing = "key 'default' is not set" if py.era == "gramine" else "wrap key was not provided"
    assert missing in done.stderr and "encrypted with another key" in done.stderr
    assert not list((py.folder / "secret").iterdir())


def test_tampering_and_moving_are_refused(py):
    good = protected_files.encrypt(KEY, "secret/good", bytes(20000), "gramine-1")
    changed = good[:4096 * 3 + 7] + b"x" + good[4096 * 3 + 8:]
    py.write("secret/good", good)
    py.write("secret/moved", good)
    py.write("secret/short", good[:-4096])
    py.write("secret/empty", b"")
    py.write("secret/plain", b"no protected file")
    py.sign()
    assert python(py, """
set_key()
for name in "good", "moved", "short", "empty", "plain":
    attempt(lambda: len(read("/secret/" + name)))
""") == ["20000"] + 4 * ["EACCES"]
    py.write("secret/good", changed)
    assert python(py, 'set_key(); attempt(lambda: len(read("/secret/good")))') == ["EACCES"]


def test_programs_can_do_what_they_do_with_files(py):
    py.sign()
    assert python(py, r"""
set_key()
name = "/secret/file"
attempt(lambda: read(name))
print("exclusive")
os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
attempt(lambda: os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
print("append")
write(name, "one")
write(name, "two", "ab")
print(read(name))
print("sparse and truncate")
with open(name, "r+b") as file:
    file.seek(100000)
    file.write(b"far")
    print(file.truncate(50000), os.fstat(file.fileno()).st_size)
os.truncate(name, 70000)
print(len(read(name)), read(name)[:8], read(name).count(0))
print("two handles")
with open(name, "r+b", buffering=0) as a, open(name, "r+b", buffering=0) as b:
    a.write(b"from a")
    print(b.read(6))
    b.seek(0, 2)
    b.write(b"end")
    print(os.fstat(a.fileno()).st_size)
print("rename")
write("/secret/other", "other")
os.rename("/secret/other", name)
print(read(name), os.listdir("/secret"))
print("unlink")
with open(name, "r+b", buffering=0) as file:
    os.unlink(name)
    file.write(b"still")
    file.seek(0)
    print(file.read(), os.fstat(file.fileno()).st_size, os.listdir("/secret"))
    write(name, "new")
print(read(name))
print("map")
write(name, bytes(10000))
with open(name, "r+b") as file, mmap.mmap(file.fileno(), 0) as area:
    area[5000:5006] = b"mapped"
    area.flush()
    file.seek(5000)
    print(file.read(6))
print(read(name)[4998:5008])
print("times and modes")
with open(name, "r+b", buffering=0) as file:
    file.write(b"late")
    os.utime(name, (1000, 2000))
os.chmod(name, 0o640)
print(os.stat(name).st_mtime, oct(os.stat(name).st_mode))
os.rename(name, "/secret/third")
print(os.stat("/secret/third").st_mtime)
print("room and holes")
with open(name, "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 9000)
    print(os.fstat(file.fileno()).st_size, os.lseek(file.fileno(), 0, os.SEEK_HOLE))
    os.fsync(file.fileno())
print("replaced while open")
with open(name, "rb", buffering=0) as file:
    os.rename("/secret/third", name)
    print(len(file.read()), read(name)[:4])
print("folders")
os.mkdir("/secret/folder")
write("/secret/folder/inner", "inner")
attempt(lambda: os.rename("/secret/folder", "/secret/moved"))
os.rename("/secret/folder/inner", "/secret/inner")
os.rmdir("/secret/folder")
print(sorted(os.listdir("/secret")))
""") == ["ENOENT", "exclusive", "EEXIST", "append", "b'onetwo'", "sparse and truncate",
         "50000 50000", "70000 b'onetwo\\x00\\x00' 69994", "two handles", "b'from a'", "70003", "rename",
         "b'other' ['file']", "unlink", "b'still' 5 []", "b'new'", "map", "b'mapped'",
         "b'\\x00\\x00mapped\\x00\\x00'", "times and modes", "2000.0 0o100640", "2000.0",
         "room and holes", "9000 9000", "replaced while open", "9000 b'late'", "folders", "EACCES",
         "['file', 'inner']"]
    assert on_host(py, "secret/inner") == b"inner"
    assert sorted(os.listdir(py.folder / "secret")) == ["file", "inner"]


def test_renames_between_kinds_of_files_are_for_programs_to_copy(py):
    (py.folder / "open").mkdir()
    py.allowed.append("file:open")
    assert python(py.sign(), """
set_key()
write("/open/file", "x")
write("/secret/file", "y")
attempt(lambda: os.rename("/open/file", "/secret/new"))
attempt(lambda: os.rename("/secret/file", "/open/new"))
""") == ["EXDEV", "EXDEV"]


def test_side_files_cannot_be_seen(py):
    py.write("secret/file", protected_files.encrypt(KEY, "secret/file", b"content", "gramine-2"))
    py.write("secret/file.gramine.recovery", b"left over")
    assert python(py.sign(), """
set_key()
print(os.listdir("/secret"))
attempt(lambda: read("/secret/file.gramine.recovery"))
attempt(lambda: write("/secret/new.gramine.recovery", "x"))
""") == ["['file']", "ENOENT", "ENOENT"]


def test_mounts_have_keys_of_their_own(make_app):
    app = make_app("gramine").use_python()
    for name in ("one", "two", "seal", "sign"):
        (app.folder / name).mkdir()
    app.mounts += [("/one", "file:one", "encrypted", ', key_name = "one"'),
                   ("/two", "file:two", "encrypted", ', key_name = "two", enable_recovery = true'),
                   ("/seal", "file:seal", "encrypted", ', key_name = "_sgx_mrenclave"'),
                   ("/sign", "file:sign", "encrypted", ', key_name = "_sgx_mrsigner"')]
    app.settings["fs.insecure__keys.two"] = "22" * 16
    app.sign()
    assert python(app, """
print(sorted(os.listdir("/dev/attestation/keys")))
write("/dev/attestation/keys/one", bytes(range(16)), "r+b")
attempt(lambda: write("/dev/attestation/keys/one", bytes(15), "r+b"))
for name in "one", "two", "seal", "sign":
    write(f"/{name}/file", name)
write("/one/seal-key", read("/dev/attestation/keys/_sgx_mrenclave"))
""") == ["['_sgx_mrenclave', '_sgx_mrsigner', 'default', 'one', 'two']", "EACCES"]
    seal_key = protected_files.decrypt(KEY, (app.folder / "one/seal-key").read_bytes())[1]
    for name, key, kind in (("one", KEY, "gramine-1"), ("two", b"\x22" * 16, "gramine-2"),
                            ("seal", seal_key, "gramine-1")):
        file = (app.folder / name / "file").read_bytes()
        assert protected_files.decrypt(key, file, kind) == (f"{name}/file", name.encode())
    # another enclave of the same signer
    app.settings["loader.env.CHANGED"] = "x"
    app.sign()
    assert python(app, """
attempt(lambda: read("/seal/file"))
attempt(lambda: read("/sign/file"))
""") == ["EACCES", "b'sign'"]


def test_lists_of_sealed_files(make_app):
    app = make_app("gramine").use_python()
    app.settings["sgx.insecure__protected_files_key"] = "33" * 16
    manifest = app.manifest() + 'sgx.protected_files = ["file:a"]\n' \
        'sgx.protected_mrenclave_files = ["file:b"]\nsgx.protected_mrsigner_files = ["file:c"]\n'
    app.manifest = lambda: manifest
    app.sign()
    assert python(app, """
for name in "abc":
    write("/" + name, name)
print([read("/" + name) for name in "abc"])
""") == ["[b'a', b'b', b'c']"]
    files = [(app.folder / name).read_bytes() for name in "abc"]
    assert protected_files.decrypt(b"\x33" * 16, files[0], "gramine-1") == ("a", b"a")
    assert all(file[:8] == b"GRAFS_PF" for file in files)
    assert python(app, 'print([read("/" + name) for name in "abc"])') == ["[b'a', b'b', b'c']"]


def test_a_single_file_can_be_an_encrypted_mount(make_app):
    app = make_app("gramine").use_python()
    app.mounts.append(("/etc/server.key", "file:keys/server.key", "encrypted"))
    (app.folder / "keys").mkdir()
    assert python(app.sign(), """
set_key()
attempt(lambda: read("/etc/server.key"))
write("/etc/server.key", "private")
print(read("/etc/server.key"), os.listdir("/etc"))
""") == ["ENOENT", "b'private' ['server.key']"]
    assert on_host(app, "keys/server.key") == b"private"


def test_forked_children_and_programs_share_files(py):
    assert python(py.sign(), """
set_key()
file = open("/secret/file", "w+b", buffering=0)
file.write(b"parent ")
if not os.fork():
    file.write(b"child")
    os._exit(0)
os.wait()
file.seek(0)
print(file.read())
""") == ["b'parent child'"]
    assert on_host(py, "secret/file") == b"parent child"


def test_an_ordinary_user_has_protected_files(make_app, fuse_for_users):  # pylint: disable=unused-argument
    app = make_app("gramine", user=65534).use_python()
    app.mounts.append(("/secret", "file:secret", "encrypted"))
    app.write("secret/readable", protected_files.encrypt(KEY, "secret/readable", b"x", "gramine-1"))
    (app.folder / "secret/readable").chmod(0o444)
    assert python(app.sign(), """
set_key()
write("/secret/own", "own")
print(read("/secret/own"), read("/secret/readable"))
attempt(lambda: write("/secret/readable", "y"))
""") == ["b'own' b'x'", "EACCES"]
    assert on_host(app, "secret/own") == b"own"


RANDOM = r"""
set_key()
pick = random.Random(int(sys.argv[1]))
os.mkdir("/plain/a")
os.mkdir("/secret/a")
LIMIT = 1500000
name, number = "a/0", 0
def open_both(flags=os.O_RDWR | os.O_CREAT):
    return [os.open(f"/{side}/{name}", flags, 0o600) for side in ("plain", "secret")]
def same(what, results):
    if results[0] != results[1]:
        print(f"operation {at} differs: {what} {name}: {len(results[0])} {len(results[1])}")
        sys.exit(1)
def sizes():
    return pick.choice([pick.randrange(100), pick.randrange(9000), pick.randrange(300000)])
fds = open_both()
for at in range(int(sys.argv[2])):
    what = pick.choice("wwwwwrrrratmmnofse")
    size = os.fstat(fds[0]).st_size
    if what == "w":
        data = pick.randbytes(sizes())
        offset = pick.randrange(min(size + 20000, LIMIT - len(data)))
        same("write", [str(os.pwrite(fd, data, offset)) for fd in fds])
    elif what == "r":
        length, offset = sizes(), pick.randrange(size + 10)
        same("read", [os.pread(fd, length, offset) for fd in fds])
    elif what == "a" and size < LIMIT - 9000:
        data = pick.randbytes(pick.randrange(9000))
        for side in "plain", "secret":
            write(f"/{side}/{name}", data, "ab")
    elif what == "t":
        length = pick.choice([0, pick.randrange(5000), pick.randrange(size + 20000)])
        if length < LIMIT:
            [os.ftruncate(fd, length) for fd in fds]
    elif what == "m" and size:
        start = pick.randrange(size)
        data = pick.randbytes(min(size - start, sizes()))
        for fd in fds:
            with mmap.mmap(fd, size) as area:
                area[start:start + len(data)] = data
                seen = area[max(0, start - 50):start + 50]
                same("map", [seen, os.pread(fd, len(seen), max(0, start - 50))])
    elif what == "n":
        number += 1
        new = f"a/{number % 3}"
        for side in "plain", "secret":
            os.rename(f"/{side}/{name}", f"/{side}/{new}")
        name = new
    elif what == "o":
        [os.close(fd) for fd in fds]
        fds = open_both(os.O_RDWR | pick.choice([0, 0, 0, os.O_TRUNC]))
    elif what == "f":
        [os.fsync(fd) for fd in fds]
    elif what == "s":
        same("stat", [str(os.stat(f"/{side}/{name}").st_size) for side in ("plain", "secret")])
    elif what == "e" and at % 20 == 0:
        same("content", [read(f"/{side}/{name}") for side in ("plain", "secret")])
same("end", [read(f"/{side}/{name}") for side in ("plain", "secret")])
print("no difference", at + 1)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_random_operations_do_what_they_do_to_plain_files(py, seed):
    py.mounts.append(("/plain", "file:ignored", "tmpfs"))
    assert python(py.sign(), RANDOM, seed, OPERATIONS, timeout=PATIENCE + OPERATIONS / 50) == \
        [f"no difference {OPERATIONS}"]


WRITER = """
set_key()
generation = int(sys.argv[1])
with open("/secret/file", "r+b" if generation else "w+b", buffering=0) as file:
    while True:
        generation += 1
        piece = generation.to_bytes(4, "little") * 25000
        for offset in range(0, 500000, 100000):
            os.pwrite(file.fileno(), piece, offset)
        os.fsync(file.fileno())
        print(generation, flush=True)
        write("/secret/new", piece)
        os.rename("/secret/new", "/secret/small")
"""

READER = """
set_key()
def generations(path):
    content = read(path)
    numbers = {content[i:i + 4] for i in range(0, len(content), 4)}
    return sorted(int.from_bytes(number, "little") for number in numbers)
print(generations("/secret/file"))
print(generations("/secret/small"))
"""


@pytest.mark.parametrize("victim", ["launcher", "application"])
def test_whoever_is_killed_leaves_the_old_or_the_new_content(py, victim):
    """The launcher is the daemon that encrypts, too."""
    py.sign()
    prelude = PRELUDE + f"GRAMINE = {py.era == 'gramine'}\n"
    generation = 0
    for i in range(12):
        running = py.start("-c", prelude + WRITER, generation)
        try:
            for _ in range(random.Random(i).randrange(2, 8)):
                generation = int(running.stdout.readline())
            below = children_of(running.pid)
            target = running.pid if victim == "launcher" else below[-1]
            os.kill(target, signal.SIGKILL)
            said = running.stdout.read().split()  # communicate forgets what readline has buffered
            generation = int(said[-1]) if said else generation
            wait_until(lambda all_of=below: not any(map(is_alive, all_of)), "all are gone")
        finally:
            stop(running)
        large, small = python(py, READER)
        assert small in [f"[{n}]" for n in range(generation - 1, generation + 2)]
        whole = [f"[{generation}]", f"[{generation + 1}]"]
        # what an application that dies has written is there, as on any file system
        mixed = [] if victim == "launcher" else [f"[{generation}, {generation + 1}]"]
        assert large in whole + mixed
        generation += 1
    assert len(on_host(py, "secret/file")) == 500000
