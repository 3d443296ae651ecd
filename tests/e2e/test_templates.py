# SPDX-License-Identifier: Apache-2.0
"""Templates in Files and Env, whose results are compared with what is known of the secrets. Tests are
named after their rows in the feature table."""

import base64
import textwrap

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from client_users import Client, encode
from plain_manifest import manifest_of
from real_coordinator import Marble

KEY = bytes(range(240, 256))
SECRETS = {"key": {"Type": "symmetric-key", "Size": 128, "UserDefined": True},
           "text": {"Type": "plain", "UserDefined": True},
           "nul": {"Type": "plain", "UserDefined": True},
           "unset": {"Type": "plain", "UserDefined": True},
           "my-cert": {"Type": "cert-ecdsa", "Size": 256, "UserDefined": True}}
ROLES = {"keeper": {"ResourceType": "Secrets", "ResourceNames": list(SECRETS),
                    "Actions": ["WriteSecret"]}}


def set_up(running, users, parameters):
    """A manifest with known secrets; those of `my-cert` are of the user alice."""
    answer = running.set_manifest(manifest_of(
        {"m": {"Parameters": parameters}}, Secrets=SECRETS, Roles=ROLES,
        Users=users.section(alice=["keeper"])))
    if answer.status_code == 200:
        values = {"key": {"Key": encode(KEY)}, "text": {"Key": encode("a \"b\"\n\u00e9")},
                  "nul": {"Key": encode(b"a\0b")},
                  "my-cert": {"Cert": encode(users["alice"].der), "Private": encode(pkcs8(users))}}
        written = Client(running, users, "alice", "v2").write(values)
        assert written.status_code == 200, written.text
    return answer


def pkcs8(users):
    key = serialization.load_pem_private_key(users["alice"].key, None)
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def pem(label, der):
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


# of Files; those with "raw" are for them alone
RESULTS = {
    "{{ hex .Secrets.key }}": KEY.hex(),
    "{{hex .Secrets.key.Private}}": KEY.hex(),
    "{{ base64 .Secrets.key.Public }}": base64.b64encode(KEY).decode(),
    "{{ raw .Secrets.key }}": KEY,
    "{{ raw .Secrets.nul }}": b"a\0b",
    "{{ .Secrets.key | hex }}{{ .Secrets.key | raw | len }}": KEY.hex() + "16",
    "x{{- /* a comment */ -}} y": "xy",
    " {{ hex .Secrets.key.Private -}} \n tail": f" {KEY.hex()}tail",
    '{{ hex (index .Secrets "key") }}': KEY.hex(),
    "{{ index .Secrets.key.Private 0 }}": "240",
    "{{ .Secrets.text.Type }} {{ .Secrets.key.Size }} {{ .Secrets.key.Shared }}": "plain 128 false",
    "{{ .Secrets.text.UserDefined }} {{ .Secrets.key.ValidFor }}": "true 0",
    '{{ $x := .Secrets.key }}{{ with $x }}{{ hex .Public }}{{ end }}': KEY.hex(),
    '{{ if and (eq .Secrets.key.Size 128) (not false) }}a{{ else }}b{{ end }}': "a",
    '{{ if ne 1 1 }}a{{ else if or "" "x" }}b{{ else }}c{{ end }}': "b",
    "{{ range $n, $s := .Secrets }}{{ $n }},{{ end }}": "key,my-cert,nul,text,unset,",
    '{{ printf "%s-%d-%q-%x" "a" 3 "b" .Secrets.key.Private }}': f'a-3-"b"-{KEY.hex()}',
    '{{ len .Secrets }} {{ len "abc" }} {{ 0x10 }} {{ \'a\' }} {{ `raw` }}': "5 3 16 97 raw",
    "{{ lt 1 2 }} {{ ge 1 2 }} {{ print 1 2 }} {{ println \"x\" }}": "true false 1 2 x\n",
    "{{ .Secrets.missing }}": "<no value>",
    "{{ hex .Previous.Secrets.key }}": KEY.hex(),
    "{{ hex .Marblerun.SealKey | len }}": "64",
    "no action\n }} { {": "no action\n }} { {",
}


def test_t01_t02_t03_t09_t14_files_get_what_templates_say(running, users):
    files = {f"/{i}": template for i, template in enumerate(RESULTS)}
    assert set_up(running, users, {"Files": files}).status_code == 200
    given = Marble().activate(running, "m").files
    for i, (template, result) in enumerate(RESULTS.items()):
        expected = result if isinstance(result, bytes) else result.encode()
        assert given[f"/{i}"] == expected, template


def test_t01_t02_t05_t14_and_so_does_the_environment(running, users):
    results = {template: result for template, result in RESULTS.items() if "raw ." not in template
               and "| raw" not in template}
    results["<{{ string .Secrets.text }}>"] = "<a \"b\"\n\u00e9>"
    env = {f"E{i}": template for i, template in enumerate(results)}
    assert set_up(running, users, {"Env": env}).status_code == 200
    given = Marble().activate(running, "m").env
    for i, (template, result) in enumerate(results.items()):
        assert given[f"E{i}"].decode() == result, template


def test_t02_certificates_and_keys_become_pem(running, users):
    files = {f"/{function}/{part}": f'{{{{ {function} (index .Secrets "my-cert").{part} }}}}'
             for function in ("pem", "hex", "base64", "raw") for part in ("Cert", "Private", "Public")}
    assert set_up(running, users, {"Files": files}).status_code == 200
    given = Marble().activate(running, "m").files
    cert = x509.load_der_x509_certificate(users["alice"].der)
    public = cert.public_key().public_bytes(serialization.Encoding.DER,
                                            serialization.PublicFormat.SubjectPublicKeyInfo)
    for part, label, der in ("Cert", "CERTIFICATE", users["alice"].der), \
            ("Private", "PRIVATE KEY", pkcs8(users)), ("Public", "PUBLIC KEY", public):
        assert given[f"/pem/{part}"] == pem(label, der)
        assert given[f"/hex/{part}"] == der.hex().encode()
        assert given[f"/base64/{part}"] == base64.b64encode(der)
        assert given[f"/raw/{part}"] == der


@pytest.mark.parametrize("spelling", ["MarbleRun", "Marblerun"])
def test_f23_t06_t08_reserved_values_are_those_of_the_authority(running, users, spelling):
    env = {"ROOT": "RootCA.Cert", "CERT": "MarbleCert.Cert", "KEY": "MarbleCert.Private",
           "PUBLIC": "MarbleCert.Public", "COORDINATOR": "CoordinatorRoot.Cert",
           "INTERMEDIATE": "CoordinatorIntermediate.Cert"}
    env = {name: f"{{{{ pem .{spelling}.{path} }}}}" for name, path in env.items()}
    assert set_up(running, users, {"Env": env}).status_code == 200
    given = Marble().activate(running, "m")
    leaf, intermediate = given.certificates()
    assert given.env["ROOT"] == given.env["MARBLE_PREDEFINED_ROOT_CA"]
    assert x509.load_pem_x509_certificate(given.env["CERT"]) == leaf
    assert given.env["KEY"] == given.env["MARBLE_PREDEFINED_PRIVATE_KEY"]
    public = serialization.load_pem_public_key(given.env["PUBLIC"])
    assert public.public_numbers() == leaf.public_key().public_numbers()
    assert x509.load_pem_x509_certificate(given.env["COORDINATOR"]) == running.root()
    assert x509.load_pem_x509_certificate(given.env["INTERMEDIATE"]) == intermediate


EMPTY = "tried to parse secret with empty value"


@pytest.mark.parametrize("use,template,text", [
    ("Files", "{{ hex .Secrets.none }}", "error calling hex: secret does not exist"),
    ("Env", "{{ pem .Secrets.none.Cert }}", "error calling pem: secret does not exist"),
    ("Files", "{{ pem .MarbleRun.RootCA.Private }}", f"error calling pem: {EMPTY}"),
    ("Files", "{{ pem .Secrets.key }}", "error calling pem: invalid secret type for pem encoding"),
    ("Files", '{{ hex "x" }}', "error calling hex: invalid secret type"),
    ("Env", "{{ string .Secrets.key }}", "error calling string: only secrets of type plain are allowed to "
     "use string encoding for environment variables"),
    ("Files", "{{ .Secrets.key.Nothing }}", "can't evaluate field Nothing in type"),
    ("Files", "{{ .MarbleRun.Nothing }}", "can't evaluate field Nothing in type"),
    ("Files", "\n{{ nothing }}", 'template: data:2: function "nothing" not defined'),
    ("Files", "{{ string .Secrets.text }}", 'function "string" not defined'),
    ("Files", "{{ end }}", "unexpected {{end}}")])
def test_t11_t12_what_a_template_cannot_have_is_refused_when_it_is_set(running, users, use, template, text):
    answer = set_up(running, users, {use: {"X": template}})
    place = "file X" if use == "Files" else "env variable X"
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert f"in Marble m: {place}: template: data:" in message and text in message


def test_t04_raw_is_no_longer_for_the_environment(running, users):
    answer = set_up(running, users, {"Env": {"X": "{{ raw .Secrets.text }}"}})
    assert answer.status_code == 400
    assert 'function "raw" not defined' in answer.json()["message"]
    assert "hex, base64 or string" in answer.json()["message"]


@pytest.mark.parametrize("template", ["{{ hex .Secrets.unset }}", "{{ base64 .Secrets.unset.Private }}"])
def test_t11_a_secret_that_was_not_uploaded_fails_the_activation(running, users, template):
    assert set_up(running, users, {"Files": {"/f": template}}).status_code == 200
    with pytest.raises(grpc.RpcError) as caught:
        Marble().activate(running, "m")
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert caught.value.details().startswith(
        'customizing marble parameters: parsing secrets for file "/f": template: data:1:')
    assert caught.value.details().endswith(EMPTY)


def test_t05_t13_no_variable_contains_nul(running, users):
    for content in {"Data": "YQBi", "Encoding": "base64"}, "a\0b":
        answer = set_up(running, users, {"Env": {"X": content}})
        assert answer.json()["message"] == "running manifest template dry run: in Marble m: env variable: " \
            "X: content contains null bytes"
    assert set_up(running, users, {"Env": {"X": "{{ string .Secrets.text }}"}}).status_code == 200
    answer = Client(running, users, "alice", "v1").write({"text": {"Key": encode(b"a\0b")}})
    assert answer.status_code == 400
    assert answer.json()["message"].endswith("error calling string: secret contains null bytes")
