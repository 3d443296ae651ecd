# SPDX-License-Identifier: Apache-2.0
"""Mutants of valid manifests, templates and requests, made from a seed. That each is invalid is known
from how it was made, or from Python's own JSON parser; what may still be valid is not used."""

import base64
import copy
import json
import random

TEXT, NUMBER, FLAG, BYTES, CONTENT = "text", "number", "flag", "bytes", "content"

# where a value of another type stands, by what belongs there; null is valid everywhere
HUGE = "<huge>"
WRONG = {
    TEXT: [1, 1.5, True, [], {}],
    NUMBER: ["1", -1, 1.5, 2**64, 10**400, HUGE, True, [], {}],
    FLAG: ["true", 0, 1, [], {}],
    BYTES: [1, True, {}, "?", "AAA", [256], [-1], ["a"], [[]]],
    CONTENT: [1, True, [], None, {"Encoding": "base32"}, {"Data": "0", "Encoding": "hex"},
              {"Data": "?", "Encoding": "base64"}, {"Data": 1}, {"NoTemplates": "x"}],
    dict: [1, "x", True, [[]]],
    list: [1, "x", True, {}],
}

ENTRIES = [{"Port": TEXT, "Addr": TEXT, "Cert": TEXT, "DisableClientAuth": FLAG}]


class Map:
    """An object whose names are free."""

    def __init__(self, of):
        self.of = of


MANIFEST = {
    "Packages": Map({"Debug": FLAG, "UniqueID": TEXT, "SignerID": TEXT, "ProductID": NUMBER,
                     "SecurityVersion": NUMBER, "AcceptedTCBStatuses": [TEXT],
                     "AcceptedAdvisories": [TEXT]}),
    "Infrastructures": Map({"CPUSVN": BYTES, "QESVN": NUMBER, "PCESVN": NUMBER, "RootCA": BYTES}),
    "Marbles": Map({"Package": TEXT, "MaxActivations": NUMBER, "TLS": [TEXT],
                    "DisableSecretBinding": FLAG,
                    "Parameters": {"Files": Map(CONTENT), "Env": Map(CONTENT), "Argv": [TEXT]}}),
    "Secrets": Map({"Type": TEXT, "Size": NUMBER, "Shared": FLAG, "UserDefined": FLAG,
                    "ValidFor": NUMBER, "Private": BYTES, "Public": BYTES}),
    "TLS": Map({"Outgoing": ENTRIES, "Incoming": ENTRIES}),
    "Users": Map({"Certificate": TEXT, "Roles": [TEXT]}),
    "Roles": Map({"ResourceType": TEXT, "ResourceNames": [TEXT], "Actions": [TEXT]}),
    "RecoveryKeys": Map(TEXT),
    "Config": {"SealMode": TEXT, "FeatureGates": [TEXT], "UpdateThreshold": NUMBER,
               "RecoveryThreshold": NUMBER, "RotateRootSecret": FLAG},
}
SECRETS = Map({"Key": BYTES, "Private": BYTES})


def dump(value):
    return json.dumps(value, separators=(",", ":")).replace(f'"{HUGE}"', "1e999").encode()


def is_json(data, whole=True):
    """Whether these bytes are JSON, or begin with it; bad UTF-8 in strings counts as replaced."""
    def refuse(_):
        raise ValueError
    text = data.decode("utf-8", "replace").lstrip(" \t\r\n")
    decoder = json.JSONDecoder(parse_constant=refuse)
    try:
        _, end = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return not whole or not text[end:].strip(" \t\r\n")


# bytes that are no JSON any more

def cut(dice, data):
    return data[:dice.randrange(1, len(data))]


def flip(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1:]


def drop(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.randrange(1, 20):]


def insert(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + dice.choice([b"\xff", b"\xc3(", b"\0", b"}", b"[", b'"', b",,", b"NaN", b"'"]) \
        + data[at:]


def no_json(dice, data, whole=True):
    while True:
        mutant = dice.choice([cut, flip, drop, insert])(dice, data)
        if not is_json(mutant, whole):
            return mutant


def too_deep(dice, data):
    """More than the 10,000 levels of Go, in a member that is not known otherwise."""
    depth = dice.randrange(10001, 100000)
    return b'{"unknown":' + b"[" * depth + b"]" * depth + b"," + data[1:]


# JSON that has another type somewhere

def places(value, schema):
    """Every place of the value that the schema knows: its holder, its name there, its kind."""
    inner = schema.of if isinstance(schema, Map) else None
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in members:
        kind = inner or (schema[0] if isinstance(schema, list) else schema.get(name))
        if kind is None:
            continue
        yield value, name, kind
        if not isinstance(kind, str):
            yield from places(member, kind)


def kind_of(schema):
    return schema if isinstance(schema, str) else list if isinstance(schema, list) else dict


def wrong_type(dice, value, schema):
    value = copy.deepcopy(value)
    holder, name, kind = dice.choice(list(places(value, schema)))
    holder[name] = dice.choice(WRONG[kind_of(kind)])
    return dump(value)


def given_twice(dice, value, schema):
    """Once more with another type: the last one counts."""
    name = dice.choice(sorted(set(value) & set(schema)))
    wrong = dice.choice(WRONG[kind_of(schema[name])])
    return dump(value)[:-1] + b"," + dump({name: wrong})[1:]


# manifests that break a rule

def _broken(dice, manifest):
    name = "".join(dice.choices("abcdefgh-\u00e9\u2028", k=8))
    marble = manifest["Marbles"]["m"]
    role = manifest["Roles"]["owner"]
    secret = manifest["Secrets"]["made"]
    config = manifest["Config"]
    return dice.choice([
        lambda: manifest.pop(dice.choice(["Packages", "Marbles", "Roles", "TLS", "Secrets"])),
        lambda: marble.update(Package=name),
        lambda: marble.update(TLS=[name]),
        lambda: manifest["TLS"]["t"]["Outgoing"][0].pop(dice.choice(["Port", "Addr"])),
        lambda: manifest["TLS"]["t"]["Incoming"][0].pop(
            dice.choice(["Port", "Cert", "DisableClientAuth"])),
        lambda: manifest["Users"]["alice"].update(Roles=[name]),
        lambda: manifest["Users"]["alice"].update(Certificate=name),
        lambda: manifest["Users"].update({name: manifest["Users"]["alice"]}),
        lambda: role.update(Actions=[name]),
        lambda: role.update(ResourceType=name),
        lambda: role.update(ResourceNames=[name]),
        lambda: secret.update(Type=name),
        lambda: secret.update(Size=dice.randrange(1, 1000) * 8 + dice.randrange(1, 8)),
        lambda: secret.update(Type="cert-ecdsa"),
        lambda: config.update(SealMode=name),
        lambda: config.update(FeatureGates=[name]),
        lambda: config.update(UpdateThreshold=dice.randrange(3, 2**64)),
        lambda: config.update(RecoveryThreshold=dice.randrange(1, 2**64)),
        lambda: manifest.update(RecoveryKeys={name: name}),
    ])


def breaks_a_rule(dice, manifest):
    manifest = copy.deepcopy(manifest)
    _broken(dice, manifest)()
    return dump(manifest)


# templates

TEMPLATES = [
    "{{ hex .Secrets.key }}",
    "{{- .Secrets.key.Private | base64 -}} tail",
    '{{ if eq .Secrets.key.Type "symmetric-key" }}{{ hex .Secrets.key }}{{ else }}x{{ end }}',
    "{{ range $name, $secret := .Secrets }}{{ $name }}{{ end }}",
    '{{ with index .Secrets "key" }}{{ hex .Public }}{{ end }}',
    "{{/* a comment */}}{{ pem .MarbleRun.MarbleCert.Private }}",
    '{{ $x := printf "%s-%d" "a" 1 }}{{ $x }}',
]


def _cut_action(dice, text):
    starts = [at for at in range(len(text)) if text.startswith("{{", at)]
    start = dice.choice(starts)
    return text[:dice.randrange(start + 2, text.index("}}", start) + 2)]



def broken_template(dice):
    text = dice.choice(TEMPLATES)
    word = "".join(dice.choices("abcdefgh", k=6))
    depth = dice.randrange(20000, 50000)
    return dice.choice([
        lambda: _cut_action(dice, text),
        lambda: text + "{{ " + dice.choice("@#!?;%^&~\x01\ufffd'`\"") + " }}",
        lambda: "{{ " + word + " .Secrets.key }}" + text,
        lambda: "{{ .Secrets.key." + word.title() + " }}" + text,
        lambda: "{{ ." + word.title() + " }}" + text,
        lambda: "{{ hex .Secrets." + word + " }}" + text,
        lambda: "{{ $" + word + " }}" + text,
        lambda: text + "{{ end }}",
        lambda: "{{ if true }}" + text,
        lambda: text + dice.choice(["{{ else }}", "{{ break", "{{}}", "{{ . | }}", "{{ | hex }}"]),
        lambda: "{{ hex " + "(" * depth + ".Secrets.key" + ")" * depth + " }}",
        lambda: "{{ if true }}" * depth + "x" + "{{ end }}" * depth,
        lambda: "{{ " + "9" * dice.randrange(20, 4000) + " }}" + text,
        lambda: "{{ printf \"%" + str(10**dice.randrange(10, 100)) + "d\" 1 }}" + text,
        lambda: "{{ hex " + dice.choice(["1", '"x"', "true", "nil", ".", ".MarbleRun", ""]) + " }}",
        lambda: "{{ pem .Secrets.key }}" + text,
        lambda: "{{ hex .Secrets.key .Secrets.key }}" + text,
        lambda: "{{ index .Secrets.key.Private " + str(dice.randrange(16, 10**18)) + " }}" + text,
        lambda: "{{ template \"" + word + "\" }}" + text,
    ])()


# requests

def encode(data):
    return base64.b64encode(data).decode()


def spoiled_base64(dice, text):
    at = dice.randrange(len(text))
    return dice.choice([text[:at] + dice.choice("?-_*\u00e9 ") + text[at:], text + "A", text + "=",
                        text[:-1] if text.endswith("=") else text + "AA"])


def broken_object(dice, value, schema):
    """Of a body of v2, of which the first JSON value counts."""
    body = dump(value)
    texts = [name for name, kind in schema.items() if kind == BYTES and value.get(name)]
    kinds = [lambda: no_json(dice, body, whole=False), lambda: wrong_type(dice, value, schema),
             lambda: given_twice(dice, value, schema), lambda: too_deep(dice, body),
             lambda: dump(dice.choice(WRONG[dict]))]
    if texts:
        name = dice.choice(texts)
        kinds.append(lambda: dump({**value, name: spoiled_base64(dice, value[name])}))
    return dice.choice(kinds)()


def misread_manifest(dice, manifest):
    """What cannot even be decoded."""
    data = dump(manifest)
    return dice.choice([lambda: no_json(dice, data), lambda: too_deep(dice, data),
                        lambda: wrong_type(dice, manifest, MANIFEST),
                        lambda: given_twice(dice, manifest, MANIFEST)])()


def broken_manifest(dice, manifest):
    return dice.choice([misread_manifest, misread_manifest, breaks_a_rule])(dice, manifest)


def broken_update(dice):
    """Of an update of the package `p`, whose SecurityVersion is 2."""
    good = {"Packages": {"p": {"SecurityVersion": 3}}}
    return dice.choice([
        lambda: no_json(dice, dump(good)), lambda: too_deep(dice, dump(good)),
        lambda: wrong_type(dice, good, MANIFEST),
        lambda: dump({"Packages": {"p": {"SecurityVersion": dice.randrange(2)}}}),
        lambda: dump({"Packages": {"p": {"SecurityVersion": 3, "Debug": True}}}),
        lambda: dump({"Packages": {"q" * dice.randrange(1, 99): {"SecurityVersion": 3}}}),
        lambda: dump({"Packages": {"p": {}}}),
        lambda: dump({}),
    ])()


def broken_secrets(dice, good):
    """Of secrets that may be written: `key` of 128 bits and `text`."""
    return dice.choice([
        lambda: no_json(dice, dump(good)), lambda: wrong_type(dice, good, SECRETS),
        lambda: dump({**good, "x" * dice.randrange(1, 99): {"Key": ""}}),
        lambda: dump({**good, "made": {"Key": encode(bytes(16))}}),
        lambda: dump({**good, "key": {"Key": encode(bytes(dice.choice([0, 15, 17, 1000])))}}),
        lambda: dump({**good, "text": {"Key": "", "Private": "AAAA"}}),
        lambda: dump({**good, "cert": {"Key": encode(bytes(16))}}),
        lambda: dump({**good, "cert": {"Cert": encode(dice.randbytes(99)), "Private": ""}}),
        lambda: dump({**good, "key": {"Key": spoiled_base64(dice, good["key"]["Key"])}}),
        lambda: dump({}),
    ])()


# HTTP

HEAD = (b"POST /api/v2/secrets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n")
BODY = b'{"secrets":{"text":{"Key":"AAAA"}}}'
REQUEST = HEAD % len(BODY) + BODY


def broken_http(dice):
    """What is sent, and whether it is a whole request, which has to be answered."""
    at = dice.randrange(1, len(REQUEST) - 1)
    lengths = [b"-1", b"x", b"1e3", b"0x10", b"9" * 30, b"18446744073709551617", b"+5", b""]
    chunked = REQUEST.split(b"\r\n\r\n")[0].split(b"Content-Length")[0] + \
        b"Transfer-Encoding: chunked\r\n\r\n"
    line = [b"POST\r\n\r\n", b"\0\0 / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n",
            b"G ET / / HTTP/1.1\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n", b"GET /%00 HTTP/1.1\r\n\r\n",
            b"GET / FTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    return dice.choice([
        lambda: (REQUEST[:at], False),
        lambda: (flip(dice, REQUEST[:REQUEST.index(b"\r\n\r\n")]) + b"\r\n\r\n" + BODY, False),
        lambda: (HEAD.replace(b"%d", dice.choice(lengths)) + BODY, True),
        lambda: (HEAD % (len(BODY) + dice.randrange(1, 10**6)) + BODY, False),
        lambda: (REQUEST.replace(b"Host:", b"X: " + b"x" * dice.randrange(70000, 200000) + b"\r\nHost:"),
                 True),
        lambda: (REQUEST.replace(b"Host:", b"".join(b"X%d: y\r\n" % i for i in range(10000)) + b"Host:"),
                 True),
        lambda: (b"GET /" + b"a" * dice.randrange(70000, 200000) + b" HTTP/1.1\r\n\r\n", True),
        lambda: (dice.choice(line), False),
        lambda: (chunked + dice.choice([b"ZZ\r\n", b"-5\r\nhello\r\n", b"F" * 20 + b"\r\n", b"5\r\nhel"]),
                 False),
        lambda: (dice.randbytes(dice.randrange(1, 5000)) + b"\r\n\r\n", False),
    ])()


KNOWN = {"/status", "/quote", "/manifest", "/update", "/secrets", "/recover", "/update-manifest",
         "/update-cancel"}
V2 = {f"/api/v2{path}" for path in KNOWN | {"/recover/public-key", "/sign-quote", "/monotonic-counter"}}
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_~"


def unknown_target(dice):
    """A method and a path that do not go together."""
    path = dice.choice(sorted(KNOWN | V2))
    if dice.random() < 0.3:
        return dice.choice(["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]), path
    at = dice.randrange(1, len(path) + 1)
    mutant = dice.choice([path[:at] + dice.choice(LETTERS) + path[at:], path + "/", path.upper(),
                          path + "/" + dice.choice(LETTERS)])
    return dice.choice(["GET", "POST"]), mutant if mutant not in KNOWN | V2 else "/nowhere"


def dice_of(seed):
    return random.Random(f"marblerun {seed}")
