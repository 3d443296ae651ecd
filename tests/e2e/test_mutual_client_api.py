# SPDX-License-Identifier: Apache-2.0
"""Marbles that verify a Coordinator which has no quote in the certificate of its mesh API: an older
one, or the original. Its client API has the quote, and the root that this is over has to vouch for
the key of the mesh API."""

import base64
import json
import socket
import threading

import pytest

import fake_client_api
from ra_tls import QUOTE_OID, bare, certificate_with, key_hash, new_key, show
from verifying import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from verifying import assert_activated, assert_refused, flipped, nowhere

INTERMEDIATE = "MarbleRun Coordinator - Intermediate CA"
NOT_VOUCHED = "it does not vouch for the key of the mesh API: somebody stands in between"
NO_ANSWER = "its certificate carries no quote, and its client API gives none: "
NO_CLIENT_API = "the answer is not that of a Coordinator's client API"


@pytest.fixture(name="api")
def fixture_api(new_coordinator, machine):
    """The client API of a Coordinator in the machine's enclave."""
    return new_coordinator(machine.quote)


def marble_root(api):
    """What the mesh API shows: the self-signed twin of the intermediate CA."""
    key = api.intermediate_key
    return show(fake_client_api.issue(INTERMEDIATE, key, INTERMEDIATE, key), key)


@pytest.fixture(name="mesh")
def fixture_mesh(api, start_mesh):
    return start_mesh(marble_root(api))


def paths(api):
    return [path for _, path, _ in api.requests]


def test_the_client_api_vouches_for_the_key_of_the_mesh_api(api, mesh, activate):
    run = activate(mesh.address, api.address)
    assert_activated(run, mesh)
    assert ("the Coordinator's certificate carries no quote: asking its client API at "
            f"{api.address}") in run.log
    assert api.requests == [("GET", "/api/v2/quote", b"")]


def test_the_intermediate_ca_itself_is_what_the_first_releases_show(api, start_mesh, activate):
    mesh = start_mesh(show(api.intermediate, api.intermediate_key))
    assert_activated(activate(mesh.address, api.address), mesh)


@pytest.mark.parametrize("status", [404, 405])
def test_the_older_client_api_is_understood(api, mesh, activate, status):
    api.generations = {"v1"}
    respond = api.respond
    api.respond = lambda method, path, body: ((status, b"not here") if path.startswith("/api/v2/")
                                              else respond(method, path, body))
    assert_activated(activate(mesh.address, api.address), mesh)
    assert paths(api) == ["/api/v2/quote", "/quote"]


def test_a_quote_without_header_is_understood(api, mesh, machine, activate):
    api.make_quote = lambda report_data: bare(machine.quote(report_data))
    assert_activated(activate(mesh.address, api.address), mesh)


def test_a_quote_in_the_certificate_that_is_bad_is_not_made_good(
        api, start_mesh, machine, activate):
    key = api.intermediate_key
    for quote in (b"", b"noise", flipped(bare(machine.quote(key_hash(key))), 400)):
        mesh = start_mesh(show(certificate_with(key, {QUOTE_OID: quote}), key))
        assert_refused(activate(mesh.address, api.address), mesh)
    assert api.requests == []


def test_a_key_that_the_root_does_not_vouch_for_is_refused(api, start_mesh, activate):
    key = new_key()
    mesh = start_mesh(show(fake_client_api.issue(INTERMEDIATE, key, INTERMEDIATE, key), key))
    assert_refused(activate(mesh.address, api.address), mesh,
                   f"the quote of its client API at {api.address}: {NOT_VOUCHED}")


def test_a_certificate_of_the_intermediate_ca_is_that_of_a_marble(api, start_mesh, activate):
    key = new_key()
    leaf = fake_client_api.issue("marble", key, INTERMEDIATE, api.intermediate_key)
    mesh = start_mesh(show(leaf, key))
    assert_refused(activate(mesh.address, api.address), mesh, NOT_VOUCHED)


def test_the_key_of_the_root_is_not_that_of_the_mesh(api, start_mesh, activate):
    mesh = start_mesh(show(api.root, api.root_key))
    assert_refused(activate(mesh.address, api.address), mesh, NOT_VOUCHED)


def test_another_root_than_the_quote_is_over_is_refused(api, start_mesh, machine, activate):
    """Somebody who shows certificates of their own beside the quote of the Coordinator."""
    quote = machine.quote(bytes(range(32)))
    api.make_quote = lambda report_data: quote
    mesh = start_mesh(marble_root(api))
    assert_refused(activate(mesh.address, api.address), mesh,
                   "it is not over the root certificate beside it: somebody stands in between")


def test_a_quote_with_more_in_it_than_the_root_is_refused(api, mesh, machine, activate):
    api.make_quote = lambda report_data: machine.quote(report_data + bytes(31) + b"\1")
    assert_refused(activate(mesh.address, api.address), mesh,
                   "it is not over the root certificate beside it")


def test_an_intermediate_ca_of_another_root_is_refused(api, start_mesh, activate):
    """The quote is over the root, and the intermediate has its name and no more."""
    key = new_key()
    api.intermediate = fake_client_api.issue(INTERMEDIATE, key, "MarbleRun Coordinator", new_key())
    mesh = start_mesh(show(fake_client_api.issue(INTERMEDIATE, key, INTERMEDIATE, key), key))
    assert_refused(activate(mesh.address, api.address), mesh,
                   "the intermediate certificate is not issued by the Coordinator's root")


def test_another_enclave_is_refused(api, mesh, activate):
    for changed, reason in (({"SignerID": "0f" * 32}, "the era config expects MRSIGNER"),
                            ({"SecurityVersion": 6}, "invalid SecurityVersion"),
                            ({"TrustRoot": ""}, "its root is not Intel's")):
        assert_refused(activate(mesh.address, api.address, **changed), mesh, reason)


def test_a_changed_quote_is_refused(api, mesh, machine, activate):
    api.make_quote = lambda report_data: flipped(machine.quote(report_data), 16 + 112)
    assert_refused(activate(mesh.address, api.address), mesh,
                   "the quote is not signed by its attestation key")


def test_simulation_mode_is_named(api, mesh, activate):
    api.make_quote = None
    run = activate(mesh.address, api.address)
    assert_refused(run, mesh, NO_ANSWER, "this Coordinator runs in simulation mode")


def answer(**data):
    return json.dumps({"status": "success", "data": data}).encode()


GARBAGE = {
    "nothing": (200, b"", NO_CLIENT_API),
    "noise": (200, b"\xff\0" * 50, NO_CLIENT_API),
    "a page": (200, b"<html></html>", NO_CLIENT_API),
    "a list": (200, b"[1]", NO_CLIENT_API),
    "deep": (200, b"[" * 60000, NO_CLIENT_API),
    "no data": (200, b'{"status":"success","data":null}', NO_CLIENT_API),
    "no certificates": (200, answer(quote="AAAA"), NO_CLIENT_API),
    "no base64": (200, answer(cert="x", quote="?"), NO_CLIENT_API),
    "no certificate": (200, answer(cert="x", quote="AAAA"),
                       "could not parse Coordinator intermediate certificate from PEM data"),
    "too long": (200, b" " * 70000, "its answer is no good: it is too long"),
    "failure": (500, answer(), "its answer is HTTP status 500: is it a Coordinator's client API?"),
    "elsewhere": (307, b"", "its answer is HTTP status 307"),
    "not found": (404, b"", "its answer is HTTP status 404"),
}


@pytest.mark.parametrize("status, body, reason", GARBAGE.values(), ids=GARBAGE)
def test_an_answer_that_is_none_is_refused(api, mesh, activate, status, body, reason):
    api.failures["/quote"] = (status, body)
    run = activate(mesh.address, api.address)
    assert_refused(run, mesh, f"{NO_ANSWER}https://{api.address}: ", reason)
    assert "EDG_MARBLE_COORDINATOR_CLIENT_ADDR names that" in run.hint


def test_a_quote_that_is_none_is_refused(api, mesh, activate):
    api.make_quote = lambda report_data: base64.b64decode("bm8gcXVvdGU=")
    assert_refused(activate(mesh.address, api.address), mesh, "this is no quote of DCAP")


def test_nobody_at_the_client_api_is_said_with_the_remedy(mesh, activate):
    address = f"{nowhere()}:1"
    run = activate(mesh.address, address)
    assert_refused(run, mesh, f"{NO_ANSWER}https://{address}: ", "Connection refused")
    assert "EDG_MARBLE_COORDINATOR_CLIENT_ADDR names that" in run.hint


def test_a_client_api_without_tls_is_said(mesh, activate):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        peer = threading.Thread(target=speak_plainly, args=(listener,))
        peer.start()
        run = activate(mesh.address, address)
        peer.join()
    assert_refused(run, mesh, "it does not speak HTTPS")


def speak_plainly(listener):
    connection, _ = listener.accept()
    with connection:
        connection.recv(1)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


def test_the_mesh_api_itself_is_no_client_api(mesh, activate):
    assert_refused(activate(mesh.address, mesh.address), mesh, NO_ANSWER)


def test_the_client_api_is_by_default_beside_the_mesh_api(api, start_mesh, activate):
    host = nowhere()
    mesh = start_mesh(marble_root(api), host=host)
    assert_refused(activate(mesh.address), mesh, f"{NO_ANSWER}https://{host}:4433: ")


@pytest.mark.parametrize("address, said", [("[::1]:1", "https://[::1]:1: "),
                                           (":1", "https://localhost:1: ")])
def test_addresses_of_all_forms_are_taken(mesh, activate, address, said):
    assert_refused(activate(mesh.address, address), mesh, NO_ANSWER + said)


def test_a_wrong_address_is_said_at_once(mesh, activate):
    run = activate(mesh.address, "localhost")
    assert run.status == 1
    assert 'EDG_MARBLE_COORDINATOR_CLIENT_ADDR: "localhost" is no address' in run.error
    assert run.hint == "it must name the client API, for example localhost:4433"
    assert mesh.requests == []
