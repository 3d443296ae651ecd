# SPDX-License-Identifier: Apache-2.0
"""The configuration of transparent TLS that Marbles with tags are given. Tests are named after their rows
in the feature table."""

import json

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import sealed_state
from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from plain_manifest import set_manifest
from real_coordinator import Marble


def test_m23_m24_f07_f08_marbles_with_tls_tags_get_a_configuration(running):
    secrets = {"web": {"Type": "cert-rsa", "Size": 2048, "Shared": True, "Cert": {"DNSNames": ["web"]}}}
    tls = {"client": {"Outgoing": [{"Port": "5555", "Addr": "db.example"}, {"Port": "80", "Addr": "<&>"}]},
           "server": {"Incoming": [{"Port": "8443"}, {"Port": "443", "Addr": "ignored", "Cert": "web",
                                                      "DisableClientAuth": True}]},
           "again": {"Incoming": [{"Port": "443"}]}}
    set_manifest(running, {
        "plain": {}, "client": {"TLS": ["client"]},
        "server": {"TLS": ["server", "client"], "Parameters": {"Env": {"MARBLE_TTLS_CONFIG": "replaced"}}},
        "later": {"TLS": ["server", "again"]}}, Secrets=secrets, TLS=tls)
    assert "MARBLE_TTLS_CONFIG" not in Marble().activate(running, "plain").env
    given = Marble().activate(running, "client")
    own = {"cacrt": given.env["MARBLE_PREDEFINED_ROOT_CA"].decode(),
           "clicrt": given.env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"].decode().split(
               "-----BEGIN", 2)[1],
           "clikey": given.env["MARBLE_PREDEFINED_PRIVATE_KEY"].decode()}
    own["clicrt"] = "-----BEGIN" + own["clicrt"]
    text = given.env["MARBLE_TTLS_CONFIG"].decode()
    config = json.loads(text)
    assert config == {"tls": {"Incoming": {}, "Outgoing": {"db.example:5555": own, "<&>:80": own}}}
    assert "\\u003c\\u0026\\u003e:80" in text
    assert text == json.dumps(config, sort_keys=True, separators=(",", ":")).replace(
        "<&>", "\\u003c\\u0026\\u003e")
    given = Marble().activate(running, "server")
    config = json.loads(given.env["MARBLE_TTLS_CONFIG"])["tls"]
    assert sorted(config["Incoming"]) == ["*:443", "*:8443"] and len(config["Outgoing"]) == 2
    assert config["Incoming"]["*:8443"]["clientAuth"] is True
    web = config["Incoming"]["*:443"]
    assert web["clientAuth"] is False
    assert web["cacrt"] == given.env["MARBLE_PREDEFINED_ROOT_CA"].decode()
    cert = x509.load_pem_x509_certificate(web["clicrt"].encode())
    state = sealed_state.read(running.folder / "state")
    assert cert.public_bytes(serialization.Encoding.DER) == state["secret:web"]["Cert"]
    key = serialization.load_pem_private_key(web["clikey"].encode(), None)
    assert key.public_key().public_numbers() == cert.public_key().public_numbers()
    config = json.loads(Marble().activate(running, "later").env["MARBLE_TTLS_CONFIG"])["tls"]
    assert config["Incoming"]["*:443"]["clientAuth"] is True


def test_m23_a_certificate_without_value_fails_the_activation(running):
    secrets = {"web": {"Type": "cert-rsa", "UserDefined": True}}
    tls = {"server": {"Incoming": [{"Port": "443", "Cert": "web", "DisableClientAuth": True}]}}
    set_manifest(running, {"m": {"TLS": ["server"]}}, Secrets=secrets, TLS=tls)
    with pytest.raises(grpc.RpcError) as caught:
        Marble().activate(running, "m")
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert caught.value.details() == (
        "creating TTLS config: secret web: tried to parse secret with empty value")
