# SPDX-License-Identifier: Apache-2.0
"""Collateral through a proxy that the environment names, as curl reads it: a way through (CONNECT), in
which TLS is between us and the service alone."""

import socket
import subprocess

import pytest

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from pccs import PLATFORM
from pccs_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from proxy import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import


@pytest.fixture(name="quote")
def fixture_quote(machine, tmp_path):
    quote = subprocess.run([PLATFORM, "quote", machine, "--report-data", "00"], check=True,
                           stdout=subprocess.PIPE, timeout=60).stdout
    (tmp_path / "quote").write_bytes(quote)
    return tmp_path / "quote"


@pytest.fixture(name="fetch")
def fixture_fetch(cli, machine, served, quote, tmp_path):
    """Fetches from the served PCCS, with these variables."""
    def fetch(**environment):
        cli.environment.update(environment)
        return cli.run("collateral", "fetch", quote, tmp_path / "fetched", "--collateral",
                       served.url(), "--collateral-ca", served.ca, "--trust-root",
                       machine / "root_ca.pem")
    return fetch


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_collateral_comes_through_the_proxy(new_proxy, served, fetch, name):
    proxy = new_proxy()
    done = fetch(**{name: f"http://{proxy.address}"})
    assert done.returncode == 0, done.stderr
    assert set(proxy.asked) == {f"CONNECT {served.address} HTTP/1.1"}
    assert len(proxy.asked) == 4  # TCB info, QE identity, two CRLs


def test_the_proxy_is_given_what_it_demands(new_proxy, fetch):
    proxy = new_proxy(credentials="user:p@ss")
    done = fetch(https_proxy=f"http://user:p%40ss@{proxy.address}/")
    assert done.returncode == 0, done.stderr
    done = fetch(https_proxy=f"http://user:wrong@{proxy.address}/")
    assert done.returncode == 1
    assert "it demands other credentials" in done.stderr
    assert "wrong" not in done.stderr


def test_hosts_may_be_exempt(new_proxy, fetch):
    proxy = new_proxy()
    done = fetch(https_proxy=f"http://{proxy.address}", no_proxy="localhost,127.0.0.1")
    assert done.returncode == 0, done.stderr
    assert not proxy.asked


def test_who_the_service_is_is_checked_behind_the_proxy(new_proxy, cli, served, machine, quote, tmp_path):
    proxy = new_proxy()
    cli.environment["https_proxy"] = proxy.address
    done = cli.run("collateral", "fetch", quote, tmp_path / "fetched", "--collateral", served.url(),
                   "--trust-root", machine / "root_ca.pem")
    assert done.returncode == 1
    assert proxy.asked
    assert "its certificate is not accepted" in done.stderr


@pytest.mark.parametrize("answer,reason", [
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", "it opens no way to 127.0.0.1 port "),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "it is no proxy that speaks HTTP"),
    (b"HTTP/1.1 20\r\n\r\n", "it is no proxy that speaks HTTP"),
    (b"", "it closed the connection"),
    (b"HTTP/1.1 200 OK\r\n", "it closed the connection"),
    (b"x" * 10000, "its answer is too long"),
], ids=["refusal", "no HTTP", "no status", "nothing", "cut off", "endless"])
def test_a_proxy_that_is_no_good_is_named(new_proxy, fetch, answer, reason):
    proxy = new_proxy(answer=answer)
    done = fetch(https_proxy=f"http://{proxy.address}")
    assert done.returncode == 1
    host, port = proxy.address.split(":")
    assert f"proxy {host} port {port}: {reason}" in done.stderr


def test_a_variable_that_is_no_good_is_named(fetch):
    done = fetch(https_proxy="socks5://127.0.0.1:1080")
    assert done.returncode == 1
    assert "https_proxy: a proxy of the kind socks5 is not supported" in done.stderr
    done = fetch(https_proxy="http://user:secret@127.0.0.1:port")
    assert done.returncode == 1
    assert "https_proxy: it is no address of the form http://host:port" in done.stderr
    assert "secret" not in done.stderr


def test_a_proxy_that_is_not_there_is_named(fetch):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    done = fetch(https_proxy=f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert f"proxy 127.0.0.1 port {port}: nobody answers" in done.stderr
