# SPDX-License-Identifier: Apache-2.0
"""Every entry of the SGX extension in the PCK certificate is made wrong in turn, and the
certificate issued again: each is refused for that entry, by both verifiers."""

import pytest
from cryptography import x509

from quote_certificates import sgx_extension_of
from quote_formats import tlvs
from quote_issuer import der, issue
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import SGX_EXTENSION

OID = bytes.fromhex("2a864886f84d010d01")
PPID, TCB, PCE_ID, FMSPC, TYPE, INSTANCE, CONFIGURATION = range(1, 8)


def entry(numbers, *value):
    return der(0x30, der(6, OID + bytes(numbers)), *value)


def entries(content):
    """{number: (tag, content)} of a list, whose OIDs end with the number."""
    pairs = [list(tlvs(pair)) for _, pair in tlvs(content)]
    return {name[1][-1]: value for name, value in pairs}


def join(numbered, prefix=()):
    return b"".join(entry([*prefix, number], der(*value)) for number, value in numbered.items())


def install(machine, extension):
    values = {SGX_EXTENSION: x509.UnrecognizedExtension(SGX_EXTENSION, extension)}
    machine.set_chain(issue(machine, "pck", values=values), machine.cert("platform_ca"),
                      machine.cert("root_ca"))


def content_of(machine):
    ((_, content),) = tlvs(sgx_extension_of(machine.cert("pck")))
    return content


def put(number, tag, value):
    """Another value of an entry."""
    return lambda content: join({**entries(content), number: (tag, value)})


def drop(*numbers):
    return lambda content: join({n: v for n, v in entries(content).items() if n not in numbers})


def below(number, change):
    """Changes the list in an entry."""
    def make(content):
        top = entries(content)
        return join({**top, number: (0x30, change(top[number][1]))})
    return make


def in_list(prefix, number, tag, value):
    return below(prefix, lambda content: join({**entries(content), number: (tag, value)},
                                              [prefix]))


def without(prefix, number):
    return below(prefix, lambda content: join(
        {n: v for n, v in entries(content).items() if n != number}, [prefix]))


def added(prefix, number, *value):
    return below(prefix, lambda content: content + entry([prefix, number], *value))


DOUBLED = "SGX extension: an entry is doubled or malformed"
MISSING = "one of PPID, TCB, PCEID, FMSPC and SGX type is missing"
TOGETHER = "platform instance ID and configuration come together or not at all"
BAD_TCB = "the TCB has an entry that is unknown, doubled or malformed"
BAD_CONFIGURATION = "the platform configuration is malformed"
WRONG = [
    ("no PPID", drop(PPID), MISSING), ("no TCB", drop(TCB), MISSING),
    ("no PCEID", drop(PCE_ID), MISSING), ("no FMSPC", drop(FMSPC), MISSING),
    ("no type", drop(TYPE), MISSING), ("no instance ID", drop(INSTANCE), TOGETHER),
    ("no configuration", drop(CONFIGURATION), TOGETHER),
    ("entries of the other CA", drop(INSTANCE, CONFIGURATION), "under the Platform CA and only"),
    ("PPID twice", lambda c: c + entry([PPID], der(4, bytes(16))), DOUBLED),
    ("TCB twice", lambda c: c + entry([TCB], der(*entries(c)[TCB])), DOUBLED),
    ("FMSPC twice", lambda c: c + entry([FMSPC], der(*entries(c)[FMSPC])), DOUBLED),
    ("unknown entry twice", lambda c: c + 2 * entry([9], der(4, b"")), DOUBLED),
    ("short PPID", put(PPID, 4, bytes(15)), "entry 1 is malformed"),
    ("long PPID", put(PPID, 4, bytes(17)), "entry 1 is malformed"),
    ("type of PPID", put(PPID, 5, bytes(16)), "entry 1 is malformed"),
    ("long PCEID", put(PCE_ID, 4, bytes(3)), "entry 3 is malformed"),
    ("PCEID", put(PCE_ID, 4, b"\0\1"), "for another PCEID than the platform's"),
    ("long FMSPC", put(FMSPC, 4, b"SIM\0\0\0\0"), "entry 4 is malformed"),
    ("FMSPC", put(FMSPC, 4, b"SIM\0\0\1"),
     "for FMSPC 53494d000000, the platform has 53494d000001"),
    ("SGX type 3", put(TYPE, 10, b"\3"), "entry 5 is malformed"),
    ("SGX type as integer", put(TYPE, 2, b"\1"), "entry 5 is malformed"),
    ("short instance ID", put(INSTANCE, 4, bytes(15)), "entry 6 is malformed"),
    ("TCB is no list", put(TCB, 4, b""), "TCB lacks some of its 18 entries"),
    ("configuration is no list", put(CONFIGURATION, 4, b""), BAD_CONFIGURATION),
    ("BOOLEAN 1", in_list(CONFIGURATION, 2, 1, b"\1"), BAD_CONFIGURATION),
    ("BOOLEAN of two bytes", in_list(CONFIGURATION, 2, 1, b"\0\0"), BAD_CONFIGURATION),
    ("fourth flag", added(CONFIGURATION, 4, der(1, b"\0")), BAD_CONFIGURATION),
    ("flag twice", added(CONFIGURATION, 1, der(1, b"\0")), BAD_CONFIGURATION),
    ("component", in_list(TCB, 3, 2, b"\4"), "CPUSVN differs from the component SVNs"),
    ("CPUSVN", in_list(TCB, 18, 4, bytes(16)), "CPUSVN differs from the component SVNs"),
    ("PCESVN", in_list(TCB, 17, 2, b"\1"), "TCB not supported: the platform"),
    ("PCESVN 65536", in_list(TCB, 17, 2, b"\1\0\0"), "entry 17 of the TCB"),
    ("component 256", in_list(TCB, 16, 2, b"\1\0"), "entry 16 of the TCB"),
    ("component -1", in_list(TCB, 5, 2, b"\xff"), "entry 5 of the TCB"),
    ("component of no bytes", in_list(TCB, 16, 2, b""), "entry 16 of the TCB"),
    ("component with a zero in front", in_list(TCB, 1, 2, b"\0\x0e"), "entry 1 of the TCB"),
    ("component as bytes", in_list(TCB, 1, 4, b"\x0e"), "entry 1 of the TCB"),
    ("long CPUSVN", in_list(TCB, 18, 4, bytes(17)), "entry 18 of the TCB"),
    ("no component 16", without(TCB, 16), "TCB lacks some of its 18 entries"),
    ("no PCESVN", without(TCB, 17), "TCB lacks some of its 18 entries"),
    ("no CPUSVN", without(TCB, 18), "TCB lacks some of its 18 entries"),
    ("component twice", added(TCB, 1, der(2, b"\x0e")), BAD_TCB),
    ("component 19", added(TCB, 19, der(2, b"\0")), BAD_TCB),
    ("component under another number", below(TCB, lambda c: c.replace(
        OID + b"\2\1", OID + b"\7\1")), BAD_TCB),
    ("flag under another number", below(CONFIGURATION, lambda c: c.replace(
        OID + b"\7\2", OID + b"\2\2")), BAD_CONFIGURATION),
    ("PPID under another extension", lambda c: c.replace(
        der(6, OID + b"\1"), der(6, OID[:-1] + b"\2\1")), DOUBLED),
    ("entry of another list", below(TCB, lambda c: c + entry([7, 1], der(1, b"\0"))), BAD_TCB),
    ("another extension's entry", lambda c: c + der(0x30, der(6, OID[:-1] + b"\2\1"), der(4, b"")),
     DOUBLED),
    ("something behind a value", lambda c: c + entry([9], der(4, b""), b"\5\0"),
     "entry 9 is malformed"),
    ("something behind a component", below(TCB, lambda c: c.replace(
        entry([TCB, 16], der(2, b"\0")), entry([TCB, 16], der(2, b"\0"), b"\5\0"))),
     "entry 16 of the TCB"),
    ("something behind a flag", below(CONFIGURATION, lambda c: c.replace(
        entry([7, 3], der(1, b"\0")), entry([7, 3], der(1, b"\0"), b"\5\0"))), BAD_CONFIGURATION),
    ("entry without value", lambda c: c + entry([9]), "entry 9 is malformed"),
    ("long form of a short length", lambda c: c.replace(b"\x04\x06SIM", b"\x04\x81\x06SIM").replace(
        b"\x30\x14\x06\x0a" + OID + b"\4", b"\x30\x15\x06\x0a" + OID + b"\4"),
     "entry 4 is malformed"),
    ("indefinite length", lambda c: c + b"\x30\x80" + der(6, OID + b"\x09") + b"\5\0\0\0", DOUBLED),
    ("cut off", lambda c: c[:-1], DOUBLED),
]


@pytest.mark.parametrize("field,change,reason", WRONG, ids=[row[0] for row in WRONG])
def test_entry_of_the_sgx_extension(enclave, field, change, reason):
    content = content_of(enclave)
    changed = change(content)
    assert changed != content
    install(enclave, der(0x30, changed))
    enclave.assert_refused(reason)


@pytest.mark.parametrize("change", [
    lambda content: der(0x30, content) + b"\0", lambda content: der(0x31, content),
    lambda content: b"\x30\x80" + content + b"\0\0", lambda content: b"",
    lambda content: b"\x30\x83\0" + len(content).to_bytes(2, "big") + content,
], ids=["something behind", "a SET", "indefinite length", "nothing", "longer length than needed"])
def test_the_extension_as_a_whole(enclave, change):
    install(enclave, change(content_of(enclave)))
    enclave.assert_refused("SGX extension: missing or malformed")


RIGHT = [
    ("unchanged", lambda c: c),
    ("another order", lambda c: join(dict(reversed(entries(c).items())))),
    ("another order of the TCB", below(TCB, lambda c: join(dict(reversed(entries(c).items())),
                                                           [TCB]))),
    ("an unknown entry", lambda c: entry([8], der(0x30, der(4, b"x"))) + c),
    ("a higher PCESVN", in_list(TCB, 17, 2, b"\0\xff\xff")),
    ("a flag less", without(CONFIGURATION, 2)),
    ("another type", put(TYPE, 10, b"\2")),
]


@pytest.mark.parametrize("kind,change", RIGHT, ids=[row[0] for row in RIGHT])
def test_what_may_vary(machine, kind, change):
    install(machine, der(0x30, change(content_of(machine))))
    machine.assert_accepted()
