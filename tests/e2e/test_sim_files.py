# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: what an application may do with what it can name."""

import os
import socket

from sim_app import PATIENCE, stop
from sim_python import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from sim_python import PRELUDE, python


def test_what_is_not_allowed_is_refused(make_app, user, era):
    app = make_app(era, user).use_python()
    app.write("trusted", "trusted")
    app.write("unlisted", "unlisted")
    app.write("allowed", "allowed")
    app.trusted.append("file:trusted")
    app.allowed += ["file:allowed", "file:uuid"]
    assert python(app.sign(), """
attempt(lambda: read("trusted"))
attempt(lambda: read("unlisted"))
attempt(lambda: os.stat("unlisted").st_size)
attempt(lambda: os.path.exists("missing"))
attempt(lambda: read("missing"))
for path in "trusted", "unlisted":
    attempt(lambda: write(path, "x"))
    attempt(lambda: write(path, "x", "a"))
    attempt(lambda: os.open(path, os.O_RDONLY | os.O_TRUNC))
    attempt(lambda: os.truncate(path, 0))
    attempt(lambda: os.unlink(path))
    attempt(lambda: os.rename(path, "uuid"))
    attempt(lambda: os.rename("allowed", path))
    attempt(lambda: os.chmod(path, 0o777))
    attempt(lambda: os.access(path, os.W_OK))
attempt(lambda: write("new", "x"))
attempt(lambda: write("uuid2", "x"))
attempt(lambda: os.mknod("new", 0o600))
attempt(lambda: os.rename("allowed", "new"))
attempt(lambda: write("uuid", "stored"))
attempt(lambda: read("uuid"))
""") == ["trusted", "EACCES", "8", "False", "ENOENT"] + ["EACCES"] * 8 + ["False"] + \
        ["EACCES"] * 8 + ["True"] + ["EACCES"] * 4 + ["None", "stored"]
    assert (app.folder / "uuid").read_text() == "stored"
    for name in "trusted", "unlisted", "allowed":
        assert (app.folder / name).read_text() == name
    assert not (app.folder / "new").exists()


def test_allowed_files_can_do_what_the_host_permits(make_app, user):
    app = make_app(user=user).use_python()
    app.write("data/file", "content")
    app.allowed.append("file:data")
    assert python(app.sign(), """
os.chdir("data")
write("file", "+more", "a")
print(read("file"), os.stat("file").st_size)
attempt(lambda: os.open("file", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
os.rename("file", "moved")
attempt(lambda: read("file"))
os.truncate("moved", 4)
print(read("moved"), os.listdir("."))
os.mkdir("sub", 0o700)
print(oct(os.stat("sub").st_mode))
write("sub/a", "a")
os.rename("sub", "other")
print(os.listdir("other"), read("other/a"))
attempt(lambda: os.rmdir("other"))
os.unlink("other/a")
os.rmdir("other")
os.chmod("moved", 0o640)
os.utime("moved", (1, 2))
os.chown("moved", os.getuid(), os.getgid())
st = os.stat("moved")
print(oct(st.st_mode), st.st_mtime, st.st_uid == os.getuid())
with open("mapped", "w+b") as file:
    file.truncate(8192)
    with mmap.mmap(file.fileno(), 8192) as pages:
        pages[4096:4101] = b"pages"
    os.posix_fallocate(file.fileno(), 0, 16384)
    fcntl.lockf(file, fcntl.LOCK_EX)
    fcntl.flock(file, fcntl.LOCK_EX)
    os.fsync(file.fileno())
print(os.stat("mapped").st_size, open("mapped", "rb").read()[4096:4101])
with open("doomed", "w+") as file:
    file.write("still here")
    file.flush()
    os.unlink("doomed")
    print(os.fstat(file.fileno()).st_size, os.path.exists("doomed"))
    file.seek(0)
    print(file.read())
write("replaced", "old")
old = open("replaced")
write("new", "newer")
os.replace("new", "replaced")
print(old.read(), os.fstat(old.fileno()).st_size, read("replaced"))
os.umask(0o027)
write("masked", "")
print(oct(os.stat("masked").st_mode), os.statvfs(".").f_bsize > 0)
""") == ["content+more 12", "EEXIST", "ENOENT", "cont ['moved']", "0o40700", "['a'] a", "ENOTEMPTY",
         "0o100640 2.0 True", "16384 b'pages'", "10 False", "still here", "old 3 newer",
         "0o100640 True"]
    assert (app.folder / "data/mapped").read_bytes()[4096:4101] == b"pages"
    assert (app.folder / "data/moved").stat().st_mtime == 2
    assert not (app.folder / "data/doomed").exists()


def test_appending_keeps_what_others_appended(py):
    """Both write at the end, whichever size the sandbox has in mind."""
    py.write("log", "start\n")
    py.allowed.append("file:log")
    py.sign()
    process = py.start("-c", PRELUDE + """
file = open("log", "a")
for line in sys.stdin:
    file.write("inside " + line)
    file.flush()
    print("done", flush=True)
""")
    try:
        for i in range(3):
            with open(py.folder / "log", "a", encoding="ascii") as file:
                file.write(f"host {i}\n")
            process.stdin.write(f"{i}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
    finally:
        stop(process)
    assert (py.folder / "log").read_text() == "start\n" + "".join(
        f"host {i}\ninside {i}\n" for i in range(3))


def test_changes_of_the_host_are_seen_at_once(py):
    py.write("shared/file", "0")
    py.allowed.append("file:shared")
    py.sign()
    process = py.start("-c", PRELUDE + """
kept = open("shared/file")
print("ready", flush=True)
for line in sys.stdin:
    os.lseek(kept.fileno(), 0, os.SEEK_SET)
    print(read("shared/file"), os.read(kept.fileno(), 99).decode(), sorted(os.listdir("shared")),
          os.path.exists("shared/new"), flush=True)
""")

    def ask():
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline()

    try:
        assert process.stdout.readline() == "ready\n"
        assert ask() == "0 0 ['file'] False\n"
        (py.folder / "shared/file").write_text("longer")
        assert ask() == "longer longer ['file'] False\n"
        (py.folder / "shared/new").write_text("")
        assert ask() == "longer longer ['file', 'new'] True\n"
        (py.folder / "shared/new").write_text("moved here")
        (py.folder / "shared/new").rename(py.folder / "shared/file")
        assert ask() == "moved here longer ['file'] False\n"
        (py.folder / "shared/file").unlink()
        (py.folder / "shared/file").mkdir()
        assert "IsADirectoryError" in process.communicate("\n", timeout=PATIENCE)[1]
    finally:
        stop(process)


def test_a_trusted_file_that_changes_meanwhile_cannot_be_opened(py):
    py.write("data", "as signed")
    py.trusted.append("file:data")
    py.sign()
    process = py.start("-c", PRELUDE + """
print(read("data"), flush=True)
sys.stdin.readline()
attempt(lambda: read("data"))
""")
    try:
        assert process.stdout.readline() == "as signed\n"
        (py.folder / "data").write_text("different")
        out, err = process.communicate("\n", timeout=PATIENCE)
        assert out == "EACCES\n"
        assert "Trusted file was changed after it was verified" in err
    finally:
        stop(process)


def test_a_trusted_file_that_changes_while_it_is_open_cannot_be_read_on(py):
    size = 4 << 20
    py.write("data", "s" * size)
    py.trusted.append("file:data")
    py.sign()
    process = py.start("-c", PRELUDE + f"""
file = os.open("data", os.O_RDONLY)
print(os.pread(file, 4, 0), flush=True)
sys.stdin.readline()
attempt(lambda: os.pread(file, 4, {size - 4}))
""")
    try:
        assert process.stdout.readline() == "b'ssss'\n"
        with open(py.folder / "data", "r+b") as file:
            file.write(b"different")
        out, err = process.communicate("\n", timeout=PATIENCE)
        assert out == "EACCES\n"
        assert "Trusted file was changed after it was verified" in err
    finally:
        stop(process)


def test_no_file_becomes_set_user_id(make_app, user):
    app = make_app(user=user).use_python()
    app.write("shared/file", "")
    app.allowed.append("file:shared")
    assert python(app.sign(), """
os.umask(0)
os.chmod("shared/file", 0o6751)
os.mkdir("shared/folder", 0o7711)
os.close(os.open("shared/new", os.O_CREAT | os.O_WRONLY, 0o6711))
os.mknod("shared/node", stat.S_IFREG | 0o6711)
for name in ("file", "folder", "new", "node"):
    print(oct(stat.S_IMODE(os.stat("shared/" + name).st_mode)))
""") == ["0o751", "0o711", "0o711", "0o711"]
    assert all(not path.stat().st_mode & 0o7000 for path in (app.folder / "shared").iterdir())


def test_trusted_wins_in_graphene_and_allowed_wins_in_gramine(make_app, era):
    app = make_app(era).use_python()
    app.write("data/file", "as signed")
    app.trusted.append("file:data/file")
    app.allowed.append("file:data")
    app.sign()
    if era == "graphene":
        assert python(app, 'attempt(lambda: write("data/file", "x"))\nwrite("data/other", "y")') == ["EACCES"]
        assert (app.folder / "data/file").read_text() == "as signed"
    else:
        assert python(app, 'attempt(lambda: write("data/file", "x"))') == ["None"]
        assert (app.folder / "data/file").read_text() == "x"


def test_refusals_are_logged_from_level_warning_on(py):
    py.write("unlisted", "")
    py.write("trusted", "")
    py.trusted.append("file:trusted")
    script = PRELUDE + """
attempt(lambda: read("unlisted"))
attempt(lambda: write("new", ""))
attempt(lambda: write("trusted", ""))
"""
    py.sign()
    access = "Disallowing access to file 'unlisted'; file is not allowed."
    creating = "Disallowing creating file 'new'; file is not allowed."
    writing = "Disallowing write/append to a trusted file 'trusted'"
    quiet = py.run("-c", script).stderr
    assert access not in quiet and creating not in quiet and writing in quiet
    loud = py.run("-c", script, options=("--log-level", "warning")).stderr
    assert access in loud and creating in loud and writing in loud
    assert writing not in py.run("-c", script, options=("--log-level", "none")).stderr
    py.settings["loader.log_level"] = "warning"
    assert access in py.sign().run("-c", script).stderr


def test_allow_all_but_log_opens_everything_but_trusted_files(py):
    py.settings.update({"sgx.file_check_policy": "allow_all_but_log", "loader.log_level": "warning"})
    py.write("unlisted", "content")
    done = py.sign().run("-c", PRELUDE + """
attempt(lambda: read("unlisted"))
attempt(lambda: write("new", "x"))
attempt(lambda: write("probe", "x"))
""")
    assert done.stdout == "content\nNone\nEACCES\n"
    assert "sgx.file_check_policy" in done.stderr.splitlines()[0]
    assert '"file":"unlisted"' in done.stderr and '"file":"new"' in done.stderr
    assert (py.folder / "new").read_text() == "x"


def test_a_bare_file_uri_allows_everything_in_graphene(py):
    py.allowed.append("file:")
    assert python(py.sign(), """
attempt(lambda: write("anything", "x"))
attempt(lambda: write("probe", "x"))
""") == ["None", "EACCES"]


def test_folders_are_listed_and_made_without_being_allowed(py):
    py.write("data/file", "")
    assert python(py.sign(), """
print(os.listdir("data"))
os.mkdir("data/sub")
attempt(lambda: os.rename("data/sub", "data/other"))
os.rmdir("data/sub")
attempt(lambda: write("data/new", ""))
""") == ["['file']", "EACCES", "EACCES"]


def test_fifos_and_sockets_stay_inside(py):
    host = socket.socket(socket.AF_UNIX)
    host.bind(str(py.folder / "host.sock"))
    host.listen()
    py.allowed.append("file:host.sock")
    with host:
        assert python(py.sign(), """
os.mkfifo("fifo", 0o600)
print(stat.S_ISFIFO(os.stat("fifo").st_mode), "fifo" in os.listdir("."))
attempt(lambda: os.mkfifo("fifo"))
if not os.fork():
    write("fifo", "through")
    os._exit(0)
print(read("fifo"))
os.unlink("fifo")
print(os.path.exists("fifo"))
server = socket.socket(socket.AF_UNIX)
server.bind("own.sock")
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect("own.sock")
client.send(b"hello")
print(server.accept()[0].recv(9))
attempt(lambda: socket.socket(socket.AF_UNIX).connect("host.sock"))
attempt(lambda: os.rename("own.sock", "other.sock"))
""") == ["True True", "EEXIST", "through", "False", "b'hello'", "ECONNREFUSED", "EACCES"]
    assert not (py.folder / "own.sock").exists() and not (py.folder / "fifo").exists()


def test_large_files_pass_unchanged_in_both_directions(py):
    content = os.urandom(5_000_000)
    py.write("in", content)
    py.trusted.append("file:in")
    py.allowed.append("file:out")
    python(py.sign(), """
with open("in", "rb") as source, open("out", "wb") as sink:
    while chunk := source.read(1234567):
        sink.write(chunk)
with open("out", "r+b") as file:
    file.seek(4_000_000)
    file.write(b"patched")
    file.seek(10_000_000)
    file.write(b"end")
""")
    expected = bytearray(content + bytes(5_000_000) + b"end")
    expected[4_000_000:4_000_007] = b"patched"
    assert (py.folder / "out").read_bytes() == expected
