# SPDX-License-Identifier: Apache-2.0
"""graphene-sign against a second computation of what it computes (sgx_peer.py) and python3-cryptography."""
import datetime
import hashlib
import os
import subprocess
import tomllib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from graphene_tools import LIBDIR, run
from sgx_peer import check_sigstruct, mrenclave

GRAPHENE = """
loader.preload = "file:LIBOS"
libos.entrypoint = "file:app"
fs.mount.lib.type = "chroot"
fs.mount.lib.path = "/lib"
fs.mount.lib.uri = "file:lib"
sgx.enclave_size = "16M"
sgx.thread_num = 5
sgx.isvprodid = 44
sgx.isvsvn = 45
sgx.remote_attestation = 1
sgx.require_avx = 1
sgx.trusted_files.app = "file:./app"
sgx.trusted_files.data = "file:data"
sgx.allowed_files.tmp = "file:tmp"
""".replace("LIBOS", str(LIBDIR / "libsysdb.so"))

GRAMINE = """
libos.entrypoint = "/app"
fs.mounts = [{ path = "/app", uri = "file:app" }]
sgx.enclave_size = "16M"
sgx.max_threads = 4
sgx.debug = true
sgx.use_exinfo = true
sgx.cpu_features.avx512 = "required"
sgx.cpu_features.amx = "disabled"
sgx.trusted_files = ["file:app", "file:data/", "file:app"]
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "enclave-key.pem"
    run("graphene-sign", "--gen-key", path)
    return path


@pytest.fixture
def app(tmp_path):
    (tmp_path / "app").write_bytes(b"\x7fELF" + bytes(3 << 20))
    (tmp_path / "data/sub").mkdir(parents=True)
    (tmp_path / "data/b").write_text("b")
    (tmp_path / "data/a").write_text("a")
    (tmp_path / "data/sub/c").write_text("c")
    (tmp_path / "data/link").symlink_to("a")
    (tmp_path / "data/loop").symlink_to(".")
    return tmp_path


def sign(folder, *args, name="graphene-sgx-sign", status=0, **options):
    return run("graphene-sign", *args, name=name, status=status, cwd=folder, **options)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_generated_key_is_rsa_3072_with_exponent_3_and_private(key):
    numbers = serialization.load_pem_private_key(key.read_bytes(), None).public_key()
    assert (numbers.key_size, numbers.public_numbers().e) == (3072, 3)
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    assert "exists" in sign(key.parent, "--gen-key", key, status=1)
    assert key.read_bytes() == before


def test_a_manifest_of_graphene_is_signed_in_its_own_form(app, key):
    (app / "app.manifest").write_text(GRAPHENE)
    report = sign(app, "-manifest", "app.manifest", "-output", "app.manifest.sgx", "-key", key)
    text = (app / "app.manifest.sgx").read_bytes()
    assert text.startswith(b"# DO NOT MODIFY. THIS FILE WAS AUTO-GENERATED.\n\n")
    sgx = tomllib.loads(text.decode())["sgx"]
    found = {f"{hashlib.sha256(p.encode()).hexdigest()}": p
             for p in ("data/a", "data/b", "data/link", "data/sub/c")}
    uris = {"preload0": str(LIBDIR / "libsysdb.so"), "app": "app", **found}
    assert sgx["trusted_files"] == {k: "file:" + p for k, p in uris.items()}
    assert sgx["trusted_checksum"] == {k: sha256(app / p) for k, p in uris.items()}
    assert sgx["debug"] is True and sgx["require_mpx"] is False and sgx["remote_attestation"] == 1

    fields = check_sigstruct((app / "app.sig").read_bytes())
    expected = mrenclave(text, (LIBDIR / "libpal-sim.so").read_bytes(), 16 << 20, 5, False)
    today = datetime.date.today()
    assert fields["mrenclave"] == expected
    assert fields["date"] == today.year.to_bytes(2, "little").hex() + f"{today.month:02x}{today.day:02x}"
    assert (fields["flags"], fields["flags_mask"]) == (6, 6)
    assert (fields["xfrm"], fields["xfrm_mask"]) == (7, 7)
    assert (fields["misc"], fields["misc_mask"]) == (0, 0)
    assert (fields["prod_id"], fields["svn"]) == (44, 45)

    lines = report.splitlines()
    assert lines[:2] == ["Attributes:", "    size:        0x1000000"]
    assert "    thread_num:  5" in lines
    assert "    attr.flags:  0600000000000000" in lines
    assert f"    date:        {today}" in lines
    assert lines[lines.index("SGX remote attestation:") + 1] == "    DCAP/ECDSA"
    # the enclave starts at its size, since its base is not zero
    assert "    0000000001fff000-0000000002000000 [REG:R--] (manifest) measured" in lines
    assert sum("(stack) measured" in line for line in lines) == 5
    assert lines[-2:] == ["Measurement:", "    " + expected]


def test_a_manifest_of_gramine_is_signed_in_its_own_form(app, key):
    (app / "app.manifest").write_text(GRAMINE)
    report = sign(app, "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key,
                  "--date", "2023-04-14", name="gramine-sgx-sign")
    text = (app / "app.manifest.sgx").read_bytes()
    manifest = tomllib.loads(text.decode())
    assert manifest["sgx"]["trusted_files"] == [
        {"uri": "file:" + p, "sha256": sha256(app / p)}
        for p in ("app", "data/a", "data/b", "data/link", "data/sub/c")]
    libos = LIBDIR / "libsysdb.so"
    assert manifest["loader"]["entrypoint"] == {"uri": f"file:{libos}", "sha256": sha256(libos)}

    fields = check_sigstruct((app / "app.sig").read_bytes())
    expected = mrenclave(text, (LIBDIR / "libpal-sim.so").read_bytes(), 16 << 20, 4, True)
    assert fields["mrenclave"] == expected
    assert fields["date"] == "14042320"
    assert (fields["flags"], fields["flags_mask"]) == (6, 2**64 - 1)
    assert (fields["xfrm"], fields["xfrm_mask"]) == (0xe7, 0xffffffffffffffff)
    assert (fields["misc"], fields["misc_mask"]) == (1, 2**32 - 1)

    lines = report.splitlines()
    assert lines[0] == "Attributes (required for enclave measurement):"
    assert "    max_threads: 4" in lines and "    edmm:        False" in lines
    assert lines[lines.index("SGX remote attestation:") + 1] == "    None"
    assert "    0000000000fff000-0000000001000000 [REG:R--] (manifest) measured" in lines
    assert any(line.startswith("    0000000000010000-") and line.endswith("(free)")
               for line in lines)

    # what is signed already is signed again to the same text
    sign(app, "-m", "app.manifest.sgx", "-o", "again.manifest.sgx", "-k", key, "-q")
    assert (app / "again.manifest.sgx").read_bytes() == text


def test_the_mask_leaves_to_the_machine_what_the_manifest_does_not_mention(app, key):
    plain = GRAMINE.replace("avx512", "mpx").replace('amx = "disabled"', 'amx = "unspecified"')
    (app / "app.manifest").write_text(plain)
    sign(app, "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key)
    fields = check_sigstruct((app / "app.sig").read_bytes())
    assert (fields["xfrm"], fields["xfrm_mask"]) == (0x1b, 0xfffffffffff9ff1b)


@pytest.mark.parametrize("lines, size, threads, base_is_zero, with_heap", [
    ('sgx.nonpie_binary = true\nsgx.enclave_size = "8M"\nsgx.thread_num = 1\n', 8 << 20, 1, True, True),
    ('sgx.enclave_size = "1G"\n', 1 << 30, 4, False, True),
    ('fs.mounts = []\nsgx.edmm_enable = true\n', 1 << 40, 4, True, False),
    ('fs.mounts = []\nsgx.edmm_enable = true\nsgx.enclave_size = "0x2000000"\n', 32 << 20, 4, True, False),
])
def test_layouts_are_measured_as_specified(app, key, lines, size, threads, base_is_zero, with_heap):
    entry = "/app" if "fs.mounts" in lines else "file:app"
    (app / "x.manifest").write_text(f'libos.entrypoint = "{entry}"\n' + lines)
    report = sign(app, "-m", "x.manifest", "-o", "x.manifest.sgx", "-k", key)
    text = (app / "x.manifest.sgx").read_bytes()
    libpal = (LIBDIR / "libpal-sim.so").read_bytes()
    assert report.split()[-1] == mrenclave(text, libpal, size, threads, base_is_zero, with_heap)


def test_another_libpal_changes_the_measurement(app, key):
    (app / "app.manifest").write_text(GRAMINE)
    libpal = (LIBDIR / "runtime/glibc/libdl.so.2").read_bytes()
    (app / "libpal.so").write_bytes(libpal)
    report = sign(app, "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key,
                  "-l", "libpal.so")
    text = (app / "app.manifest.sgx").read_bytes()
    assert report.split()[-1] == mrenclave(text, libpal, 16 << 20, 4, True)


def test_keys_of_another_kind_are_refused(app, key):
    (app / "app.manifest").write_text(GRAMINE)

    def pem(private_key, encryption=serialization.NoEncryption()):
        return private_key.private_bytes(serialization.Encoding.PEM,
                                         serialization.PrivateFormat.TraditionalOpenSSL, encryption)

    args = ["-m", "app.manifest", "-o", "app.manifest.sgx", "-k", "other.pem"]
    for bits, exponent in ((2048, 3), (3072, 65537)):
        (app / "other.pem").write_bytes(pem(rsa.generate_private_key(exponent, bits)))
        error = sign(app, *args, status=1)
        assert f"{bits} bits and exponent {exponent}" in error and "other.pem" in error
    (app / "other.pem").write_text("no key")
    assert "other.pem: not a private key in PEM" in sign(app, *args, status=1)
    (app / "other.pem").unlink()
    assert "cannot read other.pem" in sign(app, *args, status=1)

    good = serialization.load_pem_private_key(key.read_bytes(), None)
    (app / "other.pem").write_bytes(pem(good, serialization.BestAvailableEncryption(b"pass")))
    assert "passphrase" in sign(app, *args, "-p", "wrong", status=1)
    assert not (app / "app.sig").exists() and not (app / "app.manifest.sgx").exists()
    sign(app, *args, "-p", "pass")
    check_sigstruct((app / "app.sig").read_bytes())


@pytest.mark.parametrize("manifest, message", [
    (GRAPHENE.replace("file:./app", "file:none"),
     'app.manifest: \'sgx.trusted_files.app\': Cannot resolve "file:none" or the file does not exist'),
    (GRAMINE.replace("file:data/", "file:data"), 'write "file:data/"'),
    (GRAMINE.replace('"file:app"]', '"file:app/"]'), "'sgx.trusted_files[2]': \"file:app/\" is no folder"),
    (GRAMINE.replace("file:data/", "/data"), "'sgx.trusted_files[1]'"),
    (GRAMINE.replace("16M", "16m"), "upper case"),
    (GRAMINE.replace("16M", "1M"), "app.manifest: Enclave size is not large enough"),
    (GRAMINE.replace("16M", "24M"), "not a power of two"),
    (GRAMINE + "sgx.isvsvn = 65536\n", "'sgx.isvsvn'"),
    (GRAPHENE.replace("loader.preload = \"file:", "loader.preload = \""), "'loader.preload'"),
    ("x = = 1", "app.manifest: line 1"),
])
def test_what_cannot_be_signed_is_named_and_nothing_is_written(app, key, manifest, message):
    (app / "app.manifest").write_text(manifest)
    error = sign(app, "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key, status=1)
    assert message in error
    assert not (app / "app.sig").exists() and not (app / "app.manifest.sgx").exists()


def test_an_output_that_cannot_be_written_is_named(app, key):
    (app / "app.manifest").write_text(GRAMINE)
    error = sign(app, "-m", "app.manifest", "-o", "none/app.manifest.sgx", "-k", key, status=1)
    assert "cannot create none/app.manifest.sgx" in error


def test_names_of_signature_files_follow_the_tool(app, key):
    (app / "in.manifest").write_text(GRAMINE)
    args = ["-m", "in.manifest", "-k", key, "-q", "-o"]
    sign(app, *args, "out.manifest.sgx")
    sign(app, *args, "bare.manifest")
    sign(app, *args, "other.manifest.sgx", name="/usr/bin/gramine-sgx-sign")
    sign(app, *args, "x.manifest.sgx", "-s", "named")
    assert {p.name for p in app.iterdir()} >= {"out.sig", "bare.sig", "in.sig", "named"}
    assert not (app / "other.sig").exists() and not (app / "x.sig").exists()


def test_dependencies_are_written_for_make(app, key):
    (app / "app.manifest").write_text(GRAMINE.replace('"file:app"]', '"file:a b$c"]'))
    (app / "a b$c").write_text("x")
    sign(app, "-depend", "-m", "app.manifest", "-o", "app.manifest.sgx.d", "-k", "key.pem")
    assert not (app / "app.manifest.sgx").exists()
    text = (app / "app.manifest.sgx.d").read_text()
    assert text.startswith("app.manifest.sgx app.sig: \\\n\tapp.manifest \\\n\tkey.pem \\\n")
    assert "\tdata/sub/c \\\n" in text and "a\\ b$$c" in text
    (app / "Makefile").write_text(
        "include app.manifest.sgx.d\nkey.pem:\napp.manifest.sgx app.sig:\n\t@echo stale $@\n")
    assert "stale app.manifest.sgx" in subprocess.run(
        ["make", "-r", "app.manifest.sgx"], cwd=app, capture_output=True, text=True,
        check=True).stdout
    sign(app, "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key, "--depfile", "d")
    assert (app / "d").read_text() == text.replace("key.pem", str(key))
    assert (app / "app.manifest.sgx").exists()


def test_trusted_files_can_be_looked_up_below_another_root(app, key):
    (app / "root/data").mkdir(parents=True)
    (app / "root/data/only-here").write_text("y")
    (app / "root/app").write_text("x")
    (app / "app.manifest").write_text(GRAMINE)
    sign(app, "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key, "--chroot", "root")
    manifest = tomllib.loads((app / "app.manifest.sgx").read_text())
    assert manifest["sgx"]["trusted_files"] == [
        {"uri": "file:app", "sha256": hashlib.sha256(b"x").hexdigest()},
        {"uri": "file:data/only-here", "sha256": hashlib.sha256(b"y").hexdigest()}]


def test_a_dangling_link_in_a_trusted_folder_is_an_error_in_graphene_alone(app, key):
    (app / "data/dangling").symlink_to("nowhere")
    (app / "app.manifest").write_text(GRAPHENE)
    args = ["-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key]
    assert "data/dangling" in sign(app, *args, status=1)
    (app / "app.manifest").write_text(GRAMINE)
    sign(app, *args)
    assert "dangling" not in (app / "app.manifest.sgx").read_text()


def test_a_name_that_no_manifest_can_hold_is_not_passed_over_in_silence(app, key):
    (app / "data" / os.fsdecode(b"\xff")).write_text("x")
    (app / "app.manifest").write_text(GRAPHENE)
    args = ["-m", "app.manifest", "-o", "app.manifest.sgx", "-k", key]
    assert "is not UTF-8" in sign(app, *args, status=1, errors="replace")
    (app / "app.manifest").write_text(GRAMINE)
    sign(app, *args)
    listed = tomllib.loads((app / "app.manifest.sgx").read_text())["sgx"]["trusted_files"]
    assert len(listed) == 5


def test_the_command_line_is_checked(app, key):
    assert "--manifest and --output" in sign(app, status=2)
    assert "--key is required" in sign(app, "-m", "a", "-o", "b", status=2)
    assert "without an option" in sign(app, "-m", "a", "-o", "b", "-k", "c", "d", status=2)
    assert "usage" in sign(app, "--nonsense", status=2)
    assert "usage" in sign(app, "--help")
    assert "plugins" in sign(app, "-m", "a", "-o", "b", "-k", "c", "--with", "pkcs11", status=2)
    (app / "app.manifest").write_text(GRAMINE)
    args = ["-m", "app.manifest", "-o", "app.manifest.sgx"]
    assert "2023-02-30" in sign(app, *args, "-k", key, "-d", "2023-02-30", status=1)
    home = app / "config/gramine"
    home.mkdir(parents=True)
    (home / "enclave-key.pem").write_bytes(key.read_bytes())
    run("graphene-sign", *args, name="gramine-sgx-sign", cwd=app,
        env={"XDG_CONFIG_HOME": str(app / "config")})
