# SPDX-License-Identifier: Apache-2.0
"""packaging/gramine/fetch-collateral against a service with the collateral of a simulated platform."""

import http.server
import os
import pathlib
import subprocess
import threading
import urllib.parse

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "packaging/gramine/fetch-collateral"
CHAIN = {"/tcb": ("tcb_info.json", "TCB-Info-Issuer-Chain", "tcb_info_issuer_chain.pem"),
         "/qe/identity": ("qe_identity.json", "SGX-Enclave-Identity-Issuer-Chain",
                          "qe_identity_issuer_chain.pem"),
         "/pckcrl": ("pck.crl", "SGX-PCK-CRL-Issuer-Chain", "pck_crl_issuer_chain.pem")}


@pytest.fixture(name="machine", scope="module")
def fixture_machine(build, tmp_path_factory):
    """A platform, and a quote of it in a file."""
    folder = tmp_path_factory.mktemp("machine")
    platform = build / "bin/graphene-platform"
    subprocess.run([platform, "init", folder / "platform", "--fmspc", "00906ed50000"], check=True)
    quote = subprocess.run([platform, "quote", folder / "platform", "--report-data", "00"],
                           check=True, stdout=subprocess.PIPE).stdout
    (folder / "quote").write_bytes(quote)
    return folder


@pytest.fixture(name="service")
def fixture_service(machine):
    """Serves the platform's collateral as Intel does, and remembers what it was asked."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.server.asked.append(self.path)
            path = urllib.parse.urlsplit(self.path).path
            name, header, chain = CHAIN.get(path, ("root_ca.crl", None, None))
            self.send_response(404 if path in self.server.missing else 200)
            if header:
                pem = (machine / "platform/collateral" / chain).read_text()
                self.send_header(header, urllib.parse.quote(pem))
            self.end_headers()
            self.wfile.write((machine / "platform/collateral" / name).read_bytes())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.missing = [], ()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(service, quote, target):
    url = f"http://127.0.0.1:{service.server_port}"
    return subprocess.run([SCRIPT, quote, target], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "COLLATERAL_URL": url,
                               "ROOT_CRL_URL": f"{url}/IntelSGXRootCA.der"})


def test_collateral_of_the_platform_of_a_quote_is_fetched(machine, service, tmp_path):
    done = fetch(service, machine / "quote", tmp_path / "collateral")
    assert done.returncode == 0, done.stderr
    fetched = {p.name: p.read_bytes() for p in (tmp_path / "collateral").iterdir()}
    assert fetched == {p.name: p.read_bytes()
                       for p in (machine / "platform/collateral").glob("*.*")}
    assert "/tcb?fmspc=00906ed50000" in service.asked
    assert "/pckcrl?ca=platform&encoding=der" in service.asked


def test_old_collateral_stays_when_a_part_cannot_be_fetched(machine, service, tmp_path):
    (tmp_path / "tcb_info.json").write_text("old")
    service.missing = ("/pckcrl",)
    done = fetch(service, machine / "quote", tmp_path)
    assert done.returncode != 0 and "404" in done.stderr
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_file_that_is_no_quote_is_refused_before_anybody_is_asked(service, tmp_path):
    (tmp_path / "quote").write_bytes(b"\0" * 100)
    done = fetch(service, tmp_path / "quote", tmp_path / "collateral")
    assert done.returncode == 1 and "holds no platform certificate" in done.stderr
    assert not service.asked
