# SPDX-License-Identifier: Apache-2.0
"""Marbles under graphene-sim that talk to each other with the certificates they were given. Their
program brings the OpenSSL of the system, beside the one inside of premain-graphene.so."""

import json
import re
import ssl
import subprocess

import pytest
import requests

from attested import INSIDE, Application, AttestedMarble, sign_hello
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from credentials import Credentials

PROGRAM = INSIDE / "tests/e2e/programs/marble_test"
WELCOME = "Welcome to this Marbelous world!"
PEER = {"mrenclave": "a1" * 32, "mrsigner": "51" * 32}
SECRETS = {"key": {"Type": "symmetric-key", "Size": 128, "Shared": True}}


def with_openssl(text):
    """The manifest with the system's libssl and what that needs."""
    libraries = re.findall(r"lib(?:ssl|crypto)\.so\.\d+ => (/\S+)",
                           subprocess.run(["ldd", PROGRAM], capture_output=True, text=True,
                                          check=True).stdout)
    assert len(libraries) == 2
    lines = [text.replace('loader.env.LD_LIBRARY_PATH = "/lib"',
                          'loader.env.LD_LIBRARY_PATH = "/lib:/openssl"')]
    for i, library in enumerate(libraries):
        name = library.rpartition("/")[2]
        lines += [f'fs.mount.openssl{i}.type = "chroot"',
                  f'fs.mount.openssl{i}.path = "/openssl/{name}"',
                  f'fs.mount.openssl{i}.uri = "file:{library}"',
                  f'sgx.trusted_files.openssl{i} = "file:{library}"']
    return "\n".join(lines) + "\n"


@pytest.fixture(name="signed", scope="session")
def fixture_signed(tmp_path_factory, key):
    return {variant: sign_hello(tmp_path_factory.mktemp(variant), key, variant, PROGRAM, with_openssl)
            for variant in ("executable", "preload")}


@pytest.fixture(name="mesh")
def fixture_mesh(coordinator, signed):
    def marble(*argv, **given):
        return {"Package": "test", "Parameters": {"Argv": ["marble_test", *argv], **given}}
    marbles = {"client": marble(), "server": marble("serve"), "open": marble("serve-no-client-auth"),
               "secrets": marble("secrets", "/data/key", "/data/text",
                                 Files={"/data/key": "{{ raw .Secrets.key }}", "/data/text": "text"}),
               "counter": marble("monotonic-counter"),
               "peer": {"Package": "peer", "Parameters": {
                   "Env": {"KEY": "{{ base64 .Secrets.key }}"}}}}
    packages = {"test": {"SignerID": signed["preload"].signer_id, "ProductID": 1, "SecurityVersion": 1},
                "peer": {"UniqueID": PEER["mrenclave"]}}
    answer = coordinator.set_manifest({"Packages": packages, "Marbles": marbles, "Secrets": SECRETS,
                                       "Config": {"FeatureGates": ["MonotonicCounter"]}})
    assert answer.status_code == 200, answer.text
    return coordinator


@pytest.fixture(name="serve")
def fixture_serve(mesh, signed, machine, tmp_path):
    """Starts servers of a Marble type; they tell their address."""
    servers = []

    def serve(marble_type, variant="preload"):
        application = Application(signed[variant], machine, tmp_path / f"server-{len(servers)}")
        servers.append(application.start(mesh, marble_type, EDG_TEST_ADDR="127.0.0.1:0"))
        servers[-1].wait_for("starting server")
        return servers[-1].wait_for_start("serving at ")
    yield serve
    for server in servers:
        assert server.end() == 128 + 15  # the default action of SIGTERM, seen from outside


@pytest.fixture(name="peer")
def fixture_peer(mesh, machine, tmp_path):
    """Files with the credentials of a Marble of the mesh that is not of our making."""
    env = AttestedMarble(machine, **PEER).attest(mesh, "peer").env
    for name in "ROOT_CA", "MARBLE_CERTIFICATE_CHAIN", "PRIVATE_KEY":
        (tmp_path / name).write_bytes(env[f"MARBLE_PREDEFINED_{name}"])
    return {"verify": str(tmp_path / "ROOT_CA"),
            "cert": (str(tmp_path / "MARBLE_CERTIFICATE_CHAIN"), str(tmp_path / "PRIVATE_KEY"))}


@pytest.mark.parametrize("server, client", [("preload", "executable"), ("executable", "preload")])
def test_q01_two_marbles_talk_mutual_tls(mesh, serve, signed, machine, tmp_path, server, client):
    address = serve("server", server)
    application = Application(signed[client], machine, tmp_path / "client")
    run = application.run(mesh, "client", EDG_TEST_ADDR=address)
    assert run.status == 0, run.stderr
    assert "Successful connection to Server: 200 OK" in run.stderr.splitlines()
    assert run.stdout == WELCOME


def test_q01_a_server_of_the_mesh_serves_its_marbles_only(serve, peer, tmp_path):
    address = serve("server")
    assert requests.get(f"https://{address}", timeout=60, **peer).text == WELCOME
    stranger = Credentials(tmp_path, "stranger")
    for cert in None, (str(stranger.cert_file), str(stranger.key_file)):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"https://{address}", timeout=60, verify=peer["verify"], cert=cert)
    assert requests.get(f"https://{address}", timeout=60, **peer).text == WELCOME


def test_q01_without_client_authentication_anybody_is_served(serve, peer, mesh, tmp_path):
    address = serve("open")
    assert requests.get(f"https://{address}", timeout=60, verify=peer["verify"]).text == WELCOME
    # whoever trusts the Coordinator trusts its Marbles
    root = tmp_path / "coordinator.pem"
    root.write_text(ssl.get_server_certificate(tuple(mesh.client.rsplit(":", 1))))
    assert requests.get(f"https://{address}", timeout=60, verify=str(root)).text == WELCOME


def test_a_client_trusts_nobody_outside_of_the_mesh(mesh, signed, machine, tmp_path):
    """The Coordinator's client API has a certificate of another authority."""
    application = Application(signed["executable"], machine, tmp_path / "client")
    run = application.run(mesh, "client", EDG_TEST_ADDR=mesh.client)
    assert (run.status, run.stdout) == (1, "")
    assert "certificate verify failed" in run.stderr


def test_q01_secret_files_are_served_as_json(serve, peer, mesh, machine):
    answer = requests.get(f"https://{serve('secrets')}", timeout=60, **peer)
    secrets = json.loads(answer.text)
    key = AttestedMarble(machine, **PEER).attest(mesh, "peer").env["KEY"].decode()
    assert secrets == {"/data/key": key, "/data/text": "dGV4dA=="}


def test_q01_a_marble_counts_at_the_coordinator(mesh, signed, machine, tmp_path):
    application = Application(signed["executable"], machine, tmp_path / "counter")
    run = application.run(mesh, "counter", EDG_COORDINATOR_CLIENT_ADDR=mesh.client)
    assert run.status == 0, run.stderr
    assert "the counter is 3" in run.stderr.splitlines()
    # the same Marble goes on where it was, which its test does not expect; another begins anew
    run = application.run(mesh, "counter", EDG_COORDINATOR_CLIENT_ADDR=mesh.client)
    assert run.status == 1 and "the counter had another value" in run.stderr
    (application.folder / "uuid").unlink()
    assert application.run(mesh, "counter", EDG_COORDINATOR_CLIENT_ADDR=mesh.client).status == 0
