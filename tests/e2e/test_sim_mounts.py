# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: what an application can name."""

import os

from sim_python import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from sim_python import python


def test_the_launchers_folder_is_the_root(py):
    py.write("data/file", "content")
    py.allowed.append("file:data")
    assert python(py.sign(), """
print(sorted(os.listdir("/")))
print(os.getcwd(), read("/data/file"), os.path.realpath("../../data/file"))
""") == [str(sorted(["app.manifest", "app.manifest.sgx", "app.sig", "bin", "data", "dev", "lib",
                     "lib64", "probe", "proc", "sys", "usr"])), "/ content /data/file"]


def test_mounts_need_no_folder_on_the_host(make_app, era):
    app = make_app(era).use_python()
    app.write("elsewhere/file", "folder")
    app.write("single", "file")
    app.mounts += [("/deep/er/mount", "file:elsewhere", "chroot"), ("/etc/one", "file:single", "chroot")]
    app.allowed += ["file:elsewhere", "file:single"]
    assert python(app.sign(), """
print(os.listdir("/deep"), os.listdir("/deep/er"), read("/deep/er/mount/file"))
print(os.listdir("/etc"), read("/etc/one"), stat.S_ISREG(os.stat("/etc/one").st_mode))
attempt(lambda: os.mkdir("/deep/new"))
attempt(lambda: os.rmdir("/deep"))
attempt(lambda: os.rename("/deep", "/other"))
attempt(lambda: os.unlink("/etc/one"))
attempt(lambda: os.stat("/etc/one/below"))
""") == ["['er'] ['mount'] folder", "['one'] file True", "ENOENT", "EBUSY", "EBUSY", "EBUSY", "ENOTDIR"]
    assert not (app.folder / "deep").exists() and not (app.folder / "etc").exists()


def test_later_mounts_cover_earlier_ones_in_gramine(make_app):
    app = make_app("gramine").use_python()
    app.write("one/file", "one")
    app.write("two/file", "two")
    app.mounts += [("/a/b", "file:one", "chroot"), ("/a", "file:two", "chroot"), ("/c", "file:one", "chroot")]
    app.allowed += ["file:one", "file:two"]
    assert python(app.sign(), """
print(os.listdir("/a"), read("/a/file"), read("/c/file"))
""") == ["['file'] two one"]


def test_parents_are_mounted_first_in_graphene(py):
    py.write("one/file", "one")
    py.write("two/file", "two")
    py.mounts += [("/a/b", "file:one", "chroot"), ("/a", "file:two", "chroot")]
    py.allowed += ["file:one", "file:two"]
    assert python(py.sign(), 'print(read("/a/b/file"), read("/a/file"))') == ["one two"]


def test_a_tmpfs_is_empty_and_leaves_nothing(py, era):
    py.write("data/file", "of the host")
    py.mounts += [("/tmp", "file:ignored", "tmpfs"), ("/tmp/in/data", "file:data", "chroot"),
                  ("/data", "file:ignored", "tmpfs")]
    py.allowed.append("file:data")
    py.era = era
    py.settings.pop("sgx.thread_num", None)
    py.settings["sgx.thread_num" if era == "graphene" else "sgx.max_threads"] = 8
    assert python(py.sign(), """
print(os.listdir("/tmp"), os.listdir("/tmp/in"), read("/tmp/in/data/file"), os.listdir("/data"))
write("/tmp/new", "x")
os.symlink("new", "/tmp/link")
write("/data/new", "y")
print(read("/tmp/link"), read("/data/new"))
write("/tmp/in/data/file", "changed")
attempt(lambda: write("/tmp/in/new", "in the tmpfs"))
""") == ["['in'] ['data'] of the host []", "x y", "None"]
    assert os.listdir(py.folder / "data") == ["file"]
    assert (py.folder / "data/file").read_text() == "changed"
    assert not (py.folder / "tmp").exists()


def test_another_root_can_be_chosen(py):
    py.write("root/inner", "inner")
    py.settings.update({"fs.root.type": "chroot", "fs.root.uri": "file:root"})
    py.allowed.append("file:root")
    names = python(py.sign(), 'print(read("/inner"), "probe" in os.listdir("/"))')
    assert names == ["inner False"]


def test_the_root_can_be_a_tmpfs(make_app):
    app = make_app("gramine").use_python()
    manifest = app.manifest() + 'fs.root = { type = "tmpfs" }\n'
    app.manifest = lambda: manifest
    assert python(app.sign(), """
print(sorted(os.listdir("/")))
write("/new", "x")
os.mkdir("/folder")
print(read("/new"), os.listdir("/dev/attestation") != [], read("/proc/self/comm").strip())
print(sorted(os.listdir("/dev")) == sorted(set(os.listdir("/dev"))))
""") == ["['bin', 'dev', 'lib', 'lib64', 'proc', 'sys', 'usr']", "x True python3", "True"]
    assert not (app.folder / "new").exists()


def test_links_of_the_host_are_followed_and_none_can_be_made(py):
    py.write("data/file", "content")
    (py.folder / "data/link").symlink_to("file")
    (py.folder / "data/outside").symlink_to("/etc/hostname")
    (py.folder / "data/folder").symlink_to("..")
    (py.folder / "data/dangling").symlink_to("nowhere")
    py.allowed.append("file:data")
    assert python(py.sign(), """
for entry in sorted(os.scandir("/data"), key=lambda e: e.name):
    print(entry.name, entry.is_symlink(), entry.is_file(), entry.is_dir())
print(read("/data/link"), len(read("/data/outside")) > 0)
attempt(lambda: os.symlink("file", "/data/new"))
attempt(lambda: os.readlink("/data/link"))
attempt(lambda: os.link("/data/file", "/data/new"))
""") in [["dangling False False False", "file False True False", "folder False False True",
         "link False True False", "outside False True False", "content True", "ENOSYS", "EINVAL",
         link] for link in ("ENOSYS", "EPERM")]  # newer kernels make EPERM of it


def test_devices_and_standard_names_are_there(py):
    assert python(py.sign(), """
print(sorted(os.listdir("/dev")))
print(len(os.urandom(8)), len(open("/dev/urandom", "rb").read(8)), open("/dev/zero", "rb").read(3))
write("/dev/null", "gone")
print(read("/dev/null") == "", os.readlink("/dev/stdin"), os.listdir("/sys"))
attempt(lambda: write("/dev/new", ""))
attempt(lambda: os.unlink("/dev/null"))
attempt(lambda: os.mknod("/x", 0o600 | stat.S_IFCHR, os.makedev(1, 3)))
""") == [str(sorted(["attestation", "fd", "null", "random", "stderr", "stdin", "stdout", "tty",
                     "urandom", "zero"])),
         "8 8 b'\\x00\\x00\\x00'", "True /proc/self/fd/0 []", "EACCES", "EBUSY", "EPERM"]


def test_devices_of_the_host_can_be_mounted(make_app, era):
    app = make_app(era).use_python()
    app.mounts.append(("/my/null", "dev:/dev/null", "chroot"))
    assert python(app.sign(), """
write("/my/null", "gone")
print(stat.S_ISCHR(os.stat("/my/null").st_mode), read("/my/null") == "")
""") == ["True True"]


def test_mounts_can_cover_what_graphene_always_makes(make_app):
    app = make_app("gramine").use_python()
    app.write("own/processes", "no process")
    app.write("own/null", "no device")
    app.mounts += [("/proc", "file:own", "chroot"), ("/dev/null", "file:own/null", "chroot")]
    app.allowed.append("file:own")
    assert python(app.sign(), """
print(sorted(os.listdir("/proc")), read("/proc/processes"), read("/dev/null"))
""") == ["['null', 'processes'] no process no device"]


def test_only_processes_of_the_instance_are_seen(py):
    assert python(py.sign(), """
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
print(max(pids) < 10, os.getpid() in pids)
print(os.readlink("/proc/self/exe").startswith("/bin/python3"), os.readlink("/proc/self/root"))
attempt(lambda: write("/proc/sys/kernel/hostname", "x"))
attempt(lambda: write("/proc/self/oom_score_adj", "1000"))
attempt(lambda: os.readlink("/proc/1/fd/0"))
""") == ["True True", "True /", "EROFS", "EROFS", "EACCES"]
