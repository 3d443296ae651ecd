# SPDX-License-Identifier: Apache-2.0
"""A Coordinator under graphene-sim that gets its collateral from a PCCS: good, dead, slow and lying."""

import concurrent.futures
import shutil
import subprocess
import threading
import time

import grpc
import pytest

from attested import AttestedCoordinator, AttestedMarble, sign_coordinator
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from pccs import PLATFORM, Liar, sign_tcb_info
from proxy import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

ENCLAVE = {"mrenclave": "a1" * 32, "mrsigner": "51" * 32, "prod-id": 7, "svn": 3}
PACKAGE = {"SignerID": "51" * 32, "ProductID": 7, "SecurityVersion": 3}
MANIFEST = {"Packages": {"p": PACKAGE}, "Marbles": {"m": {"Package": "p"}}}
OUTAGE = "Collateral cannot be refreshed. What there is stays in use until it expires."
OWN_QUOTE = "The quote of this Coordinator does not verify here."
PATIENCE = 60


@pytest.fixture(name="liar")
def fixture_liar(machine, tmp_path):
    shutil.copytree(machine.folder / "collateral", tmp_path / "served")
    liar = Liar(tmp_path, tmp_path / "served").start()
    yield liar
    liar.stop()


@pytest.fixture(name="signed_coordinator")
def fixture_signed_coordinator(tmp_path, key, machine, liar):
    """Not of the session: the address of the service is measured."""
    (tmp_path / "signed").mkdir()
    return sign_coordinator(tmp_path / "signed", key, machine, pccs=liar.url(), pccs_ca=liar.ca)


@pytest.fixture(name="stopped")
def fixture_stopped(tmp_path, signed_coordinator, machine):
    """A Coordinator that was not started and has no collateral yet."""
    folder = tmp_path / "coordinator"
    folder.mkdir()
    coordinator = AttestedCoordinator(signed_coordinator, machine, folder)
    for file in (folder / "collateral").iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    coordinator.environment["EDG_COORDINATOR_LOOPS"] = "1"
    yield coordinator
    assert coordinator.stop() == 0


def start(coordinator):
    coordinator.start()
    if coordinator.get("/status")["StatusCode"] == 2:
        assert coordinator.set_manifest(MANIFEST).status_code == 200
    return coordinator


def attest_as(coordinator, machine, enclave):
    return AttestedMarble(machine, **enclave).attest(coordinator, "m").env


def attest(coordinator, machine):
    return attest_as(coordinator, machine, ENCLAVE)


def refusal(coordinator, machine):
    with pytest.raises(grpc.RpcError) as caught:
        attest(coordinator, machine)
    return caught.value.details()


def age_cache(coordinator):
    """Makes what is on disk look as if it had been fetched two days ago."""
    file, = (coordinator.folder / "collateral").iterdir()
    data = bytearray(file.read_bytes())
    fetched_at = int.from_bytes(data[8:16], "little")
    assert abs(fetched_at - time.time()) < PATIENCE
    data[8:16] = (fetched_at - 2 * 86400).to_bytes(8, "little")
    file.write_bytes(data)


def test_each_part_is_fetched_once_however_many_ask(stopped, machine, liar):
    liar.may_answer.clear()
    start(stopped)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        marbles = [pool.submit(attest, stopped, machine) for _ in range(8)]
        assert liar.reached.wait(PATIENCE)
        liar.may_answer.set()
        assert all(marble.result(PATIENCE) for marble in marbles)
    assert liar.asked == ["tcb", "qe/identity", "pckcrl", "rootcacrl"]
    assert not [text for text in stopped.process.messages() if text.startswith(OWN_QUOTE)]


def test_collateral_may_come_through_a_proxy(stopped, machine, liar, new_proxy):
    proxy = new_proxy()
    stopped.environment["https_proxy"] = f"http://{proxy.address}"
    assert attest(start(stopped), machine)
    assert liar.asked == ["tcb", "qe/identity", "pckcrl", "rootcacrl"]
    assert len(proxy.asked) == 4


def test_a_slow_service_holds_up_nobody_else(stopped, machine, liar):
    liar.may_answer.clear()
    stopped.start()  # which does not wait for its own quote either
    assert liar.reached.wait(PATIENCE)
    assert stopped.set_manifest(MANIFEST).status_code == 200
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        marbles = [pool.submit(attest, stopped, machine) for _ in range(4)]
        for _ in range(10):
            assert stopped.get("/status")["StatusCode"] == 3
        assert not any(marble.done() for marble in marbles)
        liar.may_answer.set()
        assert all(marble.result(PATIENCE) for marble in marbles)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_a_marble_whose_quote_names_its_machine_alone_is_accepted(
        stopped, machine, liar, tmp_path, kind):
    shutil.copy(machine.folder / "pck.pem", tmp_path)
    start(stopped)
    liar.reached.clear()
    liar.may_answer.clear()
    liar.asked.clear()
    marble = {**ENCLAVE, "certification": kind}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        marbles = [pool.submit(attest_as, stopped, machine, marble) for _ in range(4)]
        assert liar.reached.wait(PATIENCE)
        assert attest(stopped, machine)  # a known machine is not held up
        liar.may_answer.set()
        assert all(marble.result(PATIENCE) for marble in marbles)
    wanted = "pckcrl" if kind == 4 else "pckcert"
    assert liar.asked.count(wanted) == 1
    liar.stop()
    assert attest_as(stopped, machine, marble)


def test_a_marble_whose_machine_nobody_knows_is_refused(stopped, machine, liar):
    start(stopped)
    liar.lies["pckcert"] = lambda handler: handler.send_error(461) or True
    with pytest.raises(grpc.RpcError) as caught:
        attest_as(stopped, machine, {**ENCLAVE, "certification": 3})
    assert "certification data type 3): PCK certificate: https://" in caught.value.details()
    assert "it has none (HTTP status 461)" in caught.value.details()


def test_a_coordinator_ends_at_once_while_it_waits_for_a_service(stopped, liar):
    liar.may_answer.clear()
    stopped.start()
    assert liar.reached.wait(PATIENCE)
    before = time.monotonic()
    assert stopped.stop() == 0
    assert time.monotonic() - before < 5


def test_activations_go_on_when_the_service_is_killed(stopped, machine, liar):
    start(stopped)
    assert attest(stopped, machine)
    liar.stop()
    for _ in range(5):
        assert attest(stopped, machine)


def test_without_service_a_marble_is_refused_and_with_it_again_accepted(stopped, machine, liar):
    liar.stop()
    start(stopped)
    warning = stopped.process.wait_until(lambda text: text.startswith(OWN_QUOTE), OWN_QUOTE)
    assert "nobody answers" in warning["error"]
    assert "nobody answers" in refusal(stopped, machine)
    liar.start()
    end = time.monotonic() + PATIENCE
    while True:  # what failed is tried again some seconds later
        try:
            assert attest(stopped, machine)
            return
        except grpc.RpcError:
            assert time.monotonic() < end
            time.sleep(0.5)


def test_the_cache_on_disk_survives_a_restart_without_service(stopped, machine, liar):
    start(stopped)
    assert attest(stopped, machine)
    assert stopped.stop() == 0
    liar.stop()
    start(stopped)
    assert attest(stopped, machine)
    assert OUTAGE not in stopped.process.messages()


def test_a_damaged_cache_on_disk_is_of_no_use_and_no_harm(stopped, machine, liar):
    start(stopped)
    assert attest(stopped, machine)
    assert stopped.stop() == 0
    file, = (stopped.folder / "collateral").iterdir()
    file.write_bytes(file.read_bytes().replace(b"UpToDate", b"UpToMate"))
    liar.asked.clear()
    start(stopped)
    assert attest(stopped, machine)
    assert liar.asked[0] == "tcb"


def dead(liar, machine, tmp_path):
    liar.stop()


def broken(liar, machine, tmp_path):
    liar.lies["qe/identity"] = lambda handler: handler.send_error(500) or True


def older(*options):
    def lie(liar, machine, tmp_path):
        copy = tmp_path / "copy"
        shutil.copytree(machine.folder, copy)
        subprocess.run([PLATFORM, "init", copy, "--refresh", *options], check=True,
                       capture_output=True)
        shutil.rmtree(liar.collateral)
        shutil.copytree(copy / "collateral", liar.collateral)
    return lie


def of_another(name):
    def lie(liar, machine, tmp_path):
        other = tmp_path / "other"
        subprocess.run([PLATFORM, "init", other], check=True, capture_output=True)
        shutil.copy(other / "collateral" / name, liar.collateral / name)
    return lie


def huge(liar, machine, tmp_path):
    liar.lies["tcb"] = lambda handler: liar.send(handler, "tcb", body=b"{" * 10000000) or True


def sends(*head, body=b"{"):
    """An answer for the TCB info with these lines in its head."""
    def lie(liar, machine, tmp_path):
        def answer(handler):
            lines = [b"HTTP/1.1 200 OK", b"TCB-Info-Issuer-Chain: x", *head, b"", b""]
            handler.wfile.write(b"\r\n".join(lines) + body)
            return True
        liar.lies["tcb"] = answer
    return lie


def redirects(liar, machine, tmp_path):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n" % (
            liar.url().encode() + b"rootcacrl"))
        return True
    liar.lies["tcb"] = answer


def endless(liar, machine, tmp_path):
    """Chunk after chunk, for as long as somebody listens."""
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            handler.wfile.write(b"1000\r\n" + b"[" * 4096 + b"\r\n")
    liar.lies["tcb"] = answer


class NoTls:
    def wrap_socket(self, connection, server_side):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        raise OSError("no TLS here")


def speaks_no_tls(liar, machine, tmp_path):
    liar.tls = NoTls()


def of_another_family(liar, machine, tmp_path):
    file = liar.collateral / "tcb_info.json"
    file.write_text(sign_tcb_info(machine.folder, file.read_text(), "53494D000000", "00906EA10000"))


YESTERDAY = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 86400))


@pytest.mark.parametrize("lie, reason", [
    (dead, "nobody answers"), (broken, "HTTP status 500"), (huge, "it is too long"),
    (older("--evaluation-number", "16"), "its TCB info is older than what it had before"),
    (older("--issued-at", YESTERDAY), "its TCB info is older than what it had before"),
    (older("--issued-at", "2024-01-01T00:00:00Z"), "expired at"),
    (of_another_family, "TCB info is for FMSPC 00906ea10000 instead of 53494d000000"),
    (of_another("tcb_info_issuer_chain.pem"), "issuer chain"),
    (of_another("tcb_info.json"), "its signature is not by the key"),
    (of_another("root_ca.crl"), "root CRL: it is not signed"),
    (of_another("pck.crl"), "PCK CRL: it is not signed"),
    (of_another("qe_identity.json"), "QE identity: its signature is not by the key"),
    (of_another("qe_identity_issuer_chain.pem"), "QE identity: issuer chain"),
    (sends(b"Content-Length: 100"), "it is cut off"),
    (sends(b"Content-Length: 9999999"), "it is too long"),
    (sends(b"Content-Length: 1", body=b"{}"), "issuer chain: text outside of the PEM blocks"),
    (endless, "it is too long"), (redirects, "HTTP status 302"),
    (speaks_no_tls, "TLS handshake: it does not speak HTTPS"),
])
def test_what_is_known_stays_in_use_when_refreshing_fails(
        stopped, machine, liar, tmp_path, lie, reason):
    start(stopped)
    assert attest(stopped, machine)
    assert stopped.stop() == 0
    age_cache(stopped)
    lie(liar, machine, tmp_path)
    start(stopped)
    assert attest(stopped, machine)
    warning = stopped.process.wait_for(OUTAGE)
    assert reason in warning["error"] and warning["fmspc"] == "53494d000000"
    assert warning["level"] == "warn" and warning["validUntil"].endswith("Z")
    assert attest(stopped, machine)


def silent(liar, reached):
    liar.may_answer.clear()
    return liar.reached


def silent_from_the_start(liar, reached):
    """It does not even say who it is."""
    liar.may_greet.clear()
    return liar.connected


def dripping(liar, reached):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            handler.wfile.write(b"x")  # fails when nobody listens any more
            reached.set()
            time.sleep(0.05)
    liar.lies["tcb"] = answer
    return reached


@pytest.mark.parametrize("slow", [silent, silent_from_the_start, dripping])
def test_known_platforms_do_not_wait_for_a_slow_service(stopped, machine, liar, slow):
    start(stopped)
    assert attest(stopped, machine)
    assert stopped.stop() == 0
    age_cache(stopped)
    liar.reached.clear()
    liar.connected.clear()
    reached = slow(liar, threading.Event())
    start(stopped)
    for _ in range(3):
        assert attest(stopped, machine)
    assert reached.wait(PATIENCE)
    assert attest(stopped, machine)
    before = time.monotonic()
    assert stopped.stop() == 0  # nor does its end
    assert time.monotonic() - before < 5


def test_what_is_newer_counts_as_soon_as_it_is_there(stopped, machine, liar, tmp_path):
    start(stopped)
    assert attest(stopped, machine)
    assert stopped.stop() == 0
    age_cache(stopped)
    older("--tcb-status", "OutOfDate", "--evaluation-number", "18")(liar, machine, tmp_path)
    start(stopped)
    end = time.monotonic() + PATIENCE
    while True:  # the cache on disk serves until the refreshment has come
        try:
            attest(stopped, machine)
            assert time.monotonic() < end
        except grpc.RpcError as refused:
            assert "OutOfDate" in refused.details()
            break
    assert OUTAGE not in stopped.process.messages()
