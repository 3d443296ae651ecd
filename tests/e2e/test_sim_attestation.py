# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: /dev/attestation, its quotes verified by a peer that shares no code with it."""

import datetime
import hashlib
import shutil

import pytest

from quote_verifier import verify
from sim_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

BASIC = ["my_target_info", "protected_files_key", "report", "target_info", "user_report_data"]


def attest(app):
    app.allowed.append("file:quote")
    if app.era == "graphene":
        app.settings.update({"sgx.remote_attestation": True, "sgx.ra_client_spid": ""})
    else:
        app.settings["sgx.remote_attestation"] = "dcap"
    return app


@pytest.fixture(name="sh")
def fixture_sh(make_app, era):
    return make_app(era).use_shell()


def own_platform(app):
    return app.folder / ".config/graphene-sim/platform"


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def quote_of(app, script="", **options):
    """The quote that a shell script gets after its own lines, as cat in its process."""
    app.succeed("-c", script + "exec cat /dev/attestation/quote >/quote", **options)
    return (app.folder / "quote").read_bytes()


# Files


def test_files_are_those_of_the_generation(sh, era):
    own = ["quote"] if era == "graphene" else ["attestation_type", "keys"]
    assert sh.sign().succeed("-c", "ls /dev/attestation").split() == sorted(BASIC + own)
    if era == "gramine":
        assert sh.succeed("-c", "ls /dev/attestation/keys; cat /dev/attestation/attestation_type") == \
            "_sgx_mrenclave\n_sgx_mrsigner\ndefault\nnone"
        attest(sh).sign()
        assert "quote" in sh.succeed("-c", "ls /dev/attestation").split()
        assert sh.succeed("-c", "cat /dev/attestation/attestation_type") == "dcap"


def test_files_have_the_modes_of_the_spec_and_no_size(sh):
    assert sh.sign().succeed("-c", "cd /dev/attestation; stat -c '%n %a %s %F' . report target_info") == \
        ". 555 0 directory\nreport 444 0 regular empty file\ntarget_info 666 0 regular empty file\n"


def test_names_cannot_be_made_or_removed(sh):
    errors = sh.sign().run("-c", "cd /dev/attestation; echo x >new; rm -f report; mv report r; "
                                 "mkdir d; echo x >report; ls missing").stderr.splitlines()[1:]
    assert [line.rpartition(": ")[2] for line in errors] == \
        ["Permission denied"] * 5 + ["No such file or directory"]


def test_without_attestation_there_is_no_quote(sh, era):
    done = sh.sign().run("-c", "cat /dev/attestation/quote")
    assert done.returncode == 1
    if era == "graphene":
        assert "Permission denied" in done.stderr
        assert "set sgx.remote_attestation in the manifest" in done.stderr
    else:
        assert "No such file or directory" in done.stderr
    assert not own_platform(sh).exists()


# Quotes


def test_a_quote_verifies_and_carries_the_identity(make_app, user, era):
    app = attest(make_app(era, user).use_shell())
    app.settings.update({"sgx.isvprodid": 77, "sgx.isvsvn": 5, "sgx.debug": False})
    app.sign()
    quote = quote_of(app, "printf %064d 7 >/dev/attestation/user_report_data; ")
    platform = own_platform(app)
    result = verify(quote, platform / "collateral", platform / "root_ca.pem", now())
    assert result.status == "UpToDate"
    report = result.quote.report
    sig = (app.folder / "app.sig").read_bytes()
    assert report.mr_enclave == sig[960:992]
    assert report.mr_signer == hashlib.sha256(sig[128:512]).digest()
    assert (report.prod_id, report.svn) == (77, 5)
    assert report.report_data == b"7".rjust(64, b"0")
    assert quote[96:104] == bytes([5, 0, 0, 0, 0, 0, 0, 0])


def test_debug_shows_in_the_quote(sh):
    attest(sh).settings["sgx.debug"] = True
    assert quote_of(sh.sign())[96] == 7


def test_the_platform_stays_and_can_be_chosen(sh):
    attest(sh).sign()
    made = f"made a simulated SGX platform in {own_platform(sh)}"
    assert made in sh.run("-c", "true").stderr
    assert made not in sh.run("-c", "true").stderr
    other = sh.folder / "other"
    shutil.move(own_platform(sh), other)
    for choice in {"options": ("--platform", "other")}, {"env": {"GRAPHENE_SIM_PLATFORM": str(other)}}:
        verify(quote_of(sh, **choice), other / "collateral", other / "root_ca.pem", now())
    assert not own_platform(sh).exists()


def test_a_named_platform_has_to_exist(sh):
    assert "missing" in sh.sign().refuse("-c", "true", options=("--platform", "missing"))


def test_without_home_a_platform_must_be_named(sh):
    assert "--platform" in attest(sh).sign().refuse("-c", "true", env={"HOME": ""})


def test_report_data_belongs_to_a_process(make_app, era):
    app = attest(make_app(era)).sign()
    assert app.succeed("report-data").split("\n") == [
        'thread "of the parent"', 'child ""', 'child "of the child"', 'exec "of the parent"', ""]


@pytest.mark.parametrize("script, expected", [
    ("echo x >user_report_data", b"x\n"),
    ("printf %0100d 1 >user_report_data", b"0" * 64),
    ("{ printf a; printf b; } >user_report_data", b"b"),
    (": >user_report_data", b""),
    ("echo x >user_report_data; : >user_report_data", b"x\n"),
    ("echo x >>user_report_data", b"x\n"),
])
def test_each_write_replaces_the_report_data(make_app, script, expected):
    app = attest(make_app().use_shell()).sign()
    assert quote_of(app, f"cd /dev/attestation; {script}; ")[368:432] == expected.ljust(64, b"\0")


def test_an_open_quote_is_a_snapshot(make_app):
    app = attest(make_app().use_python()).sign()
    assert app.succeed("-c", """
import os
os.chdir("/dev/attestation")
def write(text):
    with open("user_report_data", "wb", buffering=0) as file:
        return file.write(text)
first = open("quote", "rb", buffering=0)
print(write(b"later" + bytes(59)))
content = first.read()
first.seek(0)
print(content == b"".join(iter(lambda: first.read(1000), b"")), first.read(1), content[368:373])
print(open("quote", "rb").read()[368:373], os.stat("quote").st_size)
with open("target_info", "r+b", buffering=0) as file:
    print(file.read(), file.write(b"short"), file.read(), file.seek(0), file.read())
print(open("target_info", "rb").read())
""") == ("64\nTrue b'' b'\\x00\\x00\\x00\\x00\\x00'\nb'later' 0\nb'' 5 b'' 0 b'short'\nb''\n")


def test_reports_are_made_without_remote_attestation(sh):
    assert sh.sign().succeed("-c", "cd /dev/attestation; wc -c <report; wc -c <my_target_info").split() == \
        ["432", "512"]


# Keys


def test_the_wrap_key_is_one_in_two_views(make_app):
    app = make_app("gramine").use_shell().sign()
    assert app.succeed("-c", """cd /dev/attestation
printf 0123456789abcdef >keys/default
cat protected_files_key; echo
printf 00112233445566778899AABBCCDDEEFF >protected_files_key
cat protected_files_key; echo
cat keys/default | od -An -tx1
printf short >keys/default || echo refused
echo 00112233445566778899aabbccddee00 >protected_files_key || echo refused
cat protected_files_key""").split("\n") == [
        "30313233343536373839616263646566", "00112233445566778899aabbccddeeff",
        " 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff", "refused", "refused",
        "00112233445566778899aabbccddeeff"]


def test_seal_keys_stay_with_enclave_and_signer(make_app):
    app = make_app("gramine").use_shell()
    script = "cd /dev/attestation/keys; cat _sgx_mrenclave _sgx_mrsigner | od -An -v -tx1 -w16"
    first = app.sign().succeed("-c", script).splitlines()
    assert len(first) == 2 and first[0] != first[1]
    assert app.succeed("-c", script).splitlines() == first
    app.env["OTHER"] = "enclave"
    other = app.sign().succeed("-c", script).splitlines()
    assert other[0] != first[0] and other[1] == first[1]
    assert "Permission denied" in app.run("-c", "echo x >/dev/attestation/keys/_sgx_mrenclave").stderr
