# SPDX-License-Identifier: Apache-2.0
"""Every field of quote, PCK certificate, TCB info, QE identity and CRLs is made wrong in turn, and
signed again wherever the simulated platform holds the key: each is refused for that field."""

import datetime
import json
import shutil
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtensionOID, NameOID
from quote_verifier import Quote, Refused, verify
from sim_app import BUILD

SHA256 = ec.ECDSA(hashes.SHA256())
DAY = datetime.timedelta(days=1)
SGX_EXTENSION = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
NOW = datetime.datetime(2025, 6, 15, 12)
MRTD = "ab" * 48


def raw_signature(key, data):
    r, s = decode_dss_signature(key.sign(data, SHA256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Machine:
    """A platform in a folder of its own, to be made wrong, with a quote of SGX or of TDX."""

    def __init__(self, folder, is_tdx):
        self.folder, self.is_tdx = folder, is_tdx
        self.collateral = folder / "collateral" / ("tdx" if is_tdx else "")
        options = ["--tdx", "--mrtd", MRTD] if is_tdx else ["--mrenclave", "11" * 32]
        self.quote = bytearray(subprocess.run(
            [BUILD / "bin/graphene-platform", "quote", folder, "--report-data", "01", *options],
            capture_output=True, check=True, timeout=60).stdout)

    def key(self, name):
        return serialization.load_pem_private_key(
            (self.folder / f"private/{name}_key.pem").read_bytes(), None)

    def cert(self, name):
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def sign_quote(self):
        """Signs header and report again, as the Quoting Enclave would."""
        signed = len(Quote.parse(bytes(self.quote)).signed_part)
        key = self.key("td_attestation" if self.is_tdx else "attestation")
        self.quote[signed + 4:signed + 68] = raw_signature(key, bytes(self.quote[:signed]))

    def sign_document(self, file, name, body):
        """`body` is the document or its exact bytes."""
        if not isinstance(body, bytes):
            body = json.dumps(body, separators=(",", ":")).encode()
        signature = raw_signature(self.key("tcb_signing"), body).hex().encode()
        (self.collateral / file).write_bytes(
            b'{"%s":%s,"signature":"%s"}' % (name.encode(), body, signature))

    def change_document(self, file, name, change):
        document = json.loads((self.collateral / file).read_text())[name]
        changed = change(document)
        self.sign_document(file, name, document if changed is None else changed)

    def replace_pck(self, cert):
        """The same PCK key in another certificate: its signature of the QE report holds."""
        old = (self.folder / "pck.pem").read_bytes()
        new = cert.public_bytes(serialization.Encoding.PEM)
        quote = Quote.parse(bytes(self.quote))
        chain = quote.chain.replace(old, new)
        assert chain != quote.chain
        grown = len(chain) - len(quote.chain)
        start = len(quote.signed_part)
        head = self.quote[:len(self.quote) - len(quote.chain)]
        at = len(head) - 4
        lengths = [start, at] + ([start + 4 + 128 + 2] if self.is_tdx else [])
        for place in lengths:
            (value,) = struct.unpack("<I", head[place:place + 4])
            head[place:place + 4] = struct.pack("<I", value + grown)
        self.quote = head + bytearray(chain)

    def verdict(self):
        file = self.folder / "quote.bin"
        file.write_bytes(self.quote)
        done = subprocess.run(
            [BUILD / "bin/marblerun", "quote", "verify", file, "--collateral",
             self.folder / "collateral", "--trust-root", self.folder / "root_ca.pem",
             "--output", "json", "--at", NOW.strftime("%Y-%m-%dT%H:%M:%SZ")],
            capture_output=True, check=False, timeout=60)
        assert done.returncode in (0, 1), done
        return "" if done.returncode == 0 else done.stderr.decode()

    def assert_refused(self, reason):
        verdict = self.verdict()
        assert reason in verdict, verdict or "verifies"
        try:
            result = verify(bytes(self.quote), self.collateral, self.folder / "root_ca.pem", NOW,
                            simulated=False)
        except Refused:
            return
        assert result.status == "Revoked"


@pytest.fixture(scope="session", name="made")
def fixture_made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutations") / "platform"
    subprocess.run([BUILD / "bin/graphene-platform", "init", folder, "--issued-at",
                    "2025-06-15T00:00:00Z"], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(name="machine", params=["SGX", "TDX"])
def fixture_machine(made, tmp_path, request):
    folder = tmp_path / "platform"
    shutil.copytree(made, folder)
    machine = Machine(folder, request.param == "TDX")
    assert machine.verdict() == ""
    return machine


@pytest.fixture(name="vm")
def fixture_vm(made, tmp_path):
    folder = tmp_path / "platform"
    shutil.copytree(made, folder)
    return Machine(folder, True)


# Quotes. Offsets from the start of the part.

UNSIGNED = "the quote is not signed by its attestation key"
QE_UNSIGNED = "the report of the Quoting Enclave is not signed by the PCK key"
HEADER = [
    ("version", 0, "is no quote"),
    ("key type", 2, "is no quote"),
    ("TEE type", 5, "TEE type"),
    ("vendor ID", 12, "vendor ID differs"),
    ("user data", 28, UNSIGNED),
]
SGX_REPORT = [
    ("CPUSVN", 0), ("MISCSELECT", 16), ("reserved 1", 20), ("extended product ID", 32),
    ("flags", 48), ("XFRM", 56), ("MRENCLAVE", 64), ("reserved 2", 96), ("MRSIGNER", 128),
    ("reserved 3", 160), ("CONFIGID", 192), ("ISVPRODID", 256), ("ISVSVN", 258),
    ("CONFIGSVN", 260), ("reserved 4", 262), ("family ID", 304), ("REPORTDATA", 320),
    ("last byte", 383),
]
TD_REPORT = [
    ("TEE TCB SVN", 3), ("MRSEAM", 16), ("MRSIGNERSEAM", 64), ("SEAMATTRIBUTES", 112),
    ("TDATTRIBUTES", 120), ("XFAM", 128), ("MRTD", 136), ("MRCONFIGID", 184), ("MROWNER", 232),
    ("MROWNERCONFIG", 280), ("RTMR0", 328), ("RTMR1", 376), ("RTMR2", 424), ("RTMR3", 472),
    ("REPORTDATA", 520), ("last byte", 583),
]


@pytest.mark.parametrize("field,at,reason", HEADER, ids=[row[0] for row in HEADER])
def test_header(machine, field, at, reason):
    machine.quote[at] ^= 0x40
    machine.assert_refused(reason)


def test_report_of_the_attested(machine):
    for field, at in TD_REPORT if machine.is_tdx else SGX_REPORT:
        machine.quote[48 + at] ^= 1
        reason = UNSIGNED
        assert reason in machine.verdict(), field
        machine.quote[48 + at] ^= 1
    assert machine.verdict() == ""


def test_report_of_the_quoting_enclave(machine):
    start = machine.quote.find(Quote.parse(bytes(machine.quote)).qe_report_part)
    for field, at in SGX_REPORT:
        machine.quote[start + at] ^= 1
        reason = "reserved fields" if field.startswith("reserved") else QE_UNSIGNED
        assert reason in machine.verdict(), field
        machine.quote[start + at] ^= 1
    assert machine.verdict() == ""


def parts(machine):
    """Where the other parts of the signature data start, and what refuses a change of each."""
    quote = Quote.parse(bytes(machine.quote))
    find = machine.quote.find
    return {
        "signature": (find(quote.signature), UNSIGNED),
        "attestation key": (find(quote.attestation_key), "the attestation key is not the one"),
        "signature of the QE report": (find(quote.qe_report_signature), QE_UNSIGNED),
        "authentication data": (find(quote.auth_data), "the attestation key is not the one"),
        "type of certification data": (find(quote.chain) - 6, "certification data of type 7"),
        "length of certification data": (find(quote.chain) - 4, "lengths do not add up"),
        "length of authentication data": (find(quote.auth_data) - 2, "malformed"),
        "length of signature data": (len(quote.signed_part), "lengths do not add up"),
    }


def test_signature_data(machine):
    for part, (at, reason) in parts(machine).items():
        machine.quote[at] ^= 2
        assert reason in machine.verdict(), part
        machine.quote[at] ^= 2
    assert machine.verdict() == ""


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 70, b"x"])
def test_nothing_follows_a_quote(machine, tail):
    machine.quote += tail
    machine.assert_refused("lengths do not add up")


VM_FIELDS = [
    ("version of the TDX module", 1, 2, "no TDX module of version 2"),
    ("SVN of the TDX module", 0, 1, "SVN 1 of the TDX module (version 1) is below every level"),
    ("microcode", 2, 0, "TCB not supported: the platform"),
    ("MRSIGNERSEAM", 64, 1, "MRSIGNERSEAM differs"),
    ("SEAMATTRIBUTES", 112, 1, "SEAMATTRIBUTES differs"),
    ("TDATTRIBUTES: debug", 120, 1, "it is for debugging"),
]


@pytest.mark.parametrize("field,at,value,reason", VM_FIELDS, ids=[row[0] for row in VM_FIELDS])
def test_signed_fields_of_a_vm(vm, field, at, value, reason):
    vm.quote[48 + at] = value
    vm.sign_quote()
    if field == "TDATTRIBUTES: debug":
        assert reason in vm.verdict()
    else:
        vm.assert_refused(reason)


# The PCK certificate, issued again with the same key.

def sgx_extension(machine, old, new):
    value = machine.cert("pck").extensions.get_extension_for_oid(SGX_EXTENSION).value.value
    assert value.count(old) == 1 and len(old) == len(new), value.hex()
    return value.replace(old, new)


def oid(*numbers):
    return bytes.fromhex("2a864886f84d010d01") + bytes(numbers)


def entry(number, value):
    """The start of an entry of the SGX extension, with what it holds."""
    name = oid(*number)
    return b"\x06" + bytes([len(name)]) + name + value


def issue_pck(machine, subject="Intel SGX PCK Certificate", issuer=None, key="platform_ca",
              start=None, end=None, without=None, extension=None, is_ca=False):
    old = machine.cert("pck")
    name = x509.Name([x509.NameAttribute(a.oid, subject) if a.oid == NameOID.COMMON_NAME else a
                      for a in old.subject])
    # the method of this name knows no serial numbers of 160 bits, which Intel's have
    builder = (x509.CertificateBuilder(serial_number=old.serial_number).subject_name(name)
               .issuer_name(issuer or old.issuer).public_key(old.public_key())
               .not_valid_before(start or old.not_valid_before)
               .not_valid_after(end or old.not_valid_after))
    for found in old.extensions:
        value = found.value
        if found.oid == SGX_EXTENSION and extension:
            value = x509.UnrecognizedExtension(SGX_EXTENSION, extension)
        if found.oid == ExtensionOID.BASIC_CONSTRAINTS and is_ca:
            value = x509.BasicConstraints(ca=True, path_length=None)
        if found.oid != without:
            builder = builder.add_extension(value, found.critical)
    machine.replace_pck(builder.sign(machine.key(key), hashes.SHA256()))


def issuer_of(machine):
    return machine.cert("root_ca").subject


PCK_FIELDS = [
    ("subject", lambda m: {"subject": "Intel SGX PCK Certificatf"}, "has a subject that is not"),
    ("issuer", lambda m: {"issuer": issuer_of(m)}, "does not name"),
    ("signature", lambda m: {"key": "root_ca"}, "is not signed by the key of"),
    ("not before", lambda m: {"start": NOW + DAY}, "is not valid before"),
    ("not after", lambda m: {"start": NOW - 2 * DAY, "end": NOW - DAY}, "expired at"),
    ("basic constraints", lambda m: {"is_ca": True}, "has wrong basic constraints"),
    ("no key usage", lambda m: {"without": ExtensionOID.KEY_USAGE}, "lacks the extension"),
    ("no basic constraints", lambda m: {"without": ExtensionOID.BASIC_CONSTRAINTS},
     "lacks the extension"),
    ("no key identifier", lambda m: {"without": ExtensionOID.SUBJECT_KEY_IDENTIFIER},
     "lacks the extension"),
    ("no issuer's key identifier", lambda m: {"without": ExtensionOID.AUTHORITY_KEY_IDENTIFIER},
     "lacks the extension"),
    ("no distribution points", lambda m: {"without": ExtensionOID.CRL_DISTRIBUTION_POINTS},
     "lacks the extension"),
    ("no SGX extension", lambda m: {"without": SGX_EXTENSION}, "SGX extension: missing"),
    ("PPID", lambda m: {"extension": sgx_extension(
        m, entry([1], b"\x04\x10"), entry([1], b"\x05\x10"))}, "entry 1 is malformed"),
    ("component", lambda m: {"extension": sgx_extension(
        m, entry([2, 3], b"\x02\x01\x03"), entry([2, 3], b"\x02\x01\x04"))},
     "CPUSVN differs from the component SVNs"),
    ("PCESVN", lambda m: {"extension": sgx_extension(
        m, entry([2, 17], b"\x02\x01\x0d"), entry([2, 17], b"\x02\x01\x01"))},
     "TCB not supported: the platform"),
    ("CPUSVN", lambda m: {"extension": sgx_extension(
        m, bytes.fromhex("0e0e0303ffff01"), bytes.fromhex("0e0e0303ffff02"))},
     "CPUSVN differs from the component SVNs"),
    ("PCEID", lambda m: {"extension": sgx_extension(
        m, entry([3], b"\x04\x02\0\0"), entry([3], b"\x04\x02\0\1"))}, "PCEID"),
    ("FMSPC", lambda m: {"extension": sgx_extension(
        m, entry([4], b"\x04\x06SIM"), entry([4], b"\x04\x06SIN"))},
     "for FMSPC 53494d000000, the platform has 53494e000000"),
    ("SGX type", lambda m: {"extension": sgx_extension(
        m, entry([5], b"\x0a\x01\x01"), entry([5], b"\x0a\x01\x03"))}, "entry 5 is malformed"),
    ("instance ID", lambda m: {"extension": sgx_extension(
        m, entry([6], b"\x04\x10"), entry([6], b"\x05\x10"))}, "entry 6 is malformed"),
    ("configuration", lambda m: {"extension": sgx_extension(
        m, entry([7, 2], b"\x01\x01\x00"), entry([7, 2], b"\x01\x01\x01"))},
     "the platform configuration is malformed"),
]


@pytest.mark.parametrize("field,change,reason", PCK_FIELDS, ids=[row[0] for row in PCK_FIELDS])
def test_pck_certificate(machine, field, change, reason):
    issue_pck(machine, **change(machine))
    machine.assert_refused(reason)


def test_a_pck_certificate_issued_again_is_as_good(machine):
    issue_pck(machine)
    assert machine.verdict() == ""


# Documents, signed again.

def put(*path):
    """Sets the member at the path to its last element."""
    *names, last, value = path

    def change(document):
        place = document
        for name in names:
            place = place[name]
        assert last in place if isinstance(place, dict) else last < len(place)
        place[last] = value
    return change


def drop(*path):
    *names, last = path

    def change(document):
        place = document
        for name in names:
            place = place[name]
        del place[last]
    return change


def twice(document):
    text = json.dumps(document, separators=(",", ":"))
    return text.replace('"version"', '"version":3,"version"', 1).encode()


TOMORROW, YESTERDAY = "2025-06-16T12:00:00Z", "2025-06-14T12:00:00Z"
COMPONENTS = ("tcbLevels", 0, "tcb", "sgxtcbcomponents")
TCB_INFO = [
    ("id", put("id", "TDY"), '"id"'),
    ("version", put("version", 4), '"version" is 4'),
    ("issueDate", put("issueDate", TOMORROW), "TCB info is not valid before 2025-06-16"),
    ("nextUpdate", put("nextUpdate", YESTERDAY), "TCB info expired at 2025-06-14"),
    ("form of a date", put("nextUpdate", "2025-07-15 12:00:00"), '"nextUpdate"'),
    ("fmspc", put("fmspc", "53494D000001"), "is for FMSPC 53494d000001"),
    ("length of fmspc", put("fmspc", "53494D0000"), '"fmspc"'),
    ("pceId", put("pceId", "0001"), "for another PCEID"),
    ("tcbType", put("tcbType", 1), '"tcbType"'),
    ("tcbEvaluationDataNumber", put("tcbEvaluationDataNumber", "17"), '"tcbEvaluationDataNumber"'),
    ("tcbLevels", put("tcbLevels", []), '"tcbLevels"'),
    ("15 components", drop(*COMPONENTS, 15), '"sgxtcbcomponents" has 15 elements'),
    ("component", put(*COMPONENTS, 0, "svn", 256), '"svn"'),
    ("negative component", put(*COMPONENTS, 0, "svn", -1), '"svn"'),
    ("fraction", put(*COMPONENTS, 0, "svn", 1.0), '"svn"'),
    ("pcesvn", put("tcbLevels", 0, "tcb", "pcesvn", 65536), '"pcesvn"'),
    ("tcbDate", put("tcbLevels", 0, "tcbDate", ""), '"tcbDate"'),
    ("tcbStatus", put("tcbLevels", 0, "tcbStatus", "Fine"), 'unknown value "Fine"'),
    ("status of this machine", put("tcbLevels", 0, "tcbStatus", "Revoked"),
     "Revoked (of the platform)"),
    ("status only of VMs", put("tcbLevels", 0, "tcbStatus", "TDRelaunchAdvised"), "unknown value"),
    ("advisoryIDs", put("tcbLevels", 1, {"tcb": {}}), '"tcbLevels"[1]'),
    ("all levels above", lambda d: d.update(tcbLevels=[
        {**d["tcbLevels"][0], "tcb": {**d["tcbLevels"][0]["tcb"], "pcesvn": 14}}]),
     "TCB not supported: the platform"),
    ("a level twice", lambda d: d["tcbLevels"].append(d["tcbLevels"][0]), "the same level twice"),
    ("a name twice", twice, "duplicate"),
]


@pytest.mark.parametrize("field,change,reason", TCB_INFO, ids=[row[0] for row in TCB_INFO])
def test_tcb_info(machine, field, change, reason):
    machine.change_document("tcb_info.json", "tcbInfo", change)
    machine.assert_refused(reason)


TDX_TCB_INFO = [
    ("tdxModule", drop("tdxModule"), '"tdxModule"'),
    ("mrsigner of the first", put("tdxModule", "mrsigner", "00"), '"tdxModule": "mrsigner"'),
    ("id", put("tdxModuleIdentities", 0, "id", "TDX_02"), "no TDX module of version 1"),
    ("form of id", put("tdxModuleIdentities", 0, "id", "TDX_1"), "is no TDX module"),
    ("mrsigner", put("tdxModuleIdentities", 0, "mrsigner", "01" + "00" * 47), "MRSIGNERSEAM"),
    ("attributes", put("tdxModuleIdentities", 0, "attributes", "01" + "00" * 7),
     "SEAMATTRIBUTES"),
    ("attributesMask", lambda d: d["tdxModuleIdentities"][0].update(
        attributes="01" + "00" * 7, attributesMask="00" * 8), "outside of its mask"),
    ("isvsvn", lambda d: d["tdxModuleIdentities"][0].update(
        tcbLevels=[{**d["tdxModuleIdentities"][0]["tcbLevels"][0], "tcb": {"isvsvn": 6}}]),
     "SVN 5 of the TDX module"),
    ("status", put("tdxModuleIdentities", 0, "tcbLevels", 0, "tcbStatus", "Revoked"),
     "Revoked (of the TDX module)"),
    ("module twice", lambda d: d["tdxModuleIdentities"].append(d["tdxModuleIdentities"][0]),
     "the same module is there twice"),
    ("15 components", drop("tcbLevels", 0, "tcb", "tdxtcbcomponents", 15),
     '"tdxtcbcomponents" has 15 elements'),
    ("component", put("tcbLevels", 0, "tcb", "tdxtcbcomponents", 2, "svn", 256), '"svn"'),
]


@pytest.mark.parametrize("field,change,reason", TDX_TCB_INFO, ids=[row[0] for row in TDX_TCB_INFO])
def test_tcb_info_of_tdx(vm, field, change, reason):
    vm.change_document("tcb_info.json", "tcbInfo", change)
    assert reason in vm.verdict()


QE_IDENTITY = [
    ("id", put("id", "QVE"), '"id" is "QVE"'),
    ("version", put("version", 1), '"version" is 1'),
    ("issueDate", put("issueDate", TOMORROW), "QE identity is not valid before 2025-06-16"),
    ("nextUpdate", put("nextUpdate", YESTERDAY), "QE identity expired at 2025-06-14"),
    ("tcbEvaluationDataNumber", drop("tcbEvaluationDataNumber"), '"tcbEvaluationDataNumber"'),
    ("miscselect", put("miscselect", "01000000"), "MISCSELECT differs"),
    ("miscselectMask", put("miscselectMask", "FFFFFF"), '"miscselectMask"'),
    ("attributes", put("attributes", "13" + "00" * 15), "ATTRIBUTES differs"),
    ("attributesMask", put("attributesMask", "FF" * 16), "ATTRIBUTES differs"),
    ("a bit outside of the mask", put("attributes", "15" + "00" * 15), "outside of its mask"),
    ("mrsigner", put("mrsigner", "AA" * 32), "MRSIGNER differs"),
    ("isvprodid", put("isvprodid", 3), "ISVPRODID differs"),
    ("isvsvn", lambda d: d.update(tcbLevels=[{**d["tcbLevels"][0], "tcb": {"isvsvn": 9}}]),
     "the Quoting Enclave's ISVSVN 8 is below every level"),
    ("tcbStatus", put("tcbLevels", 0, "tcbStatus", "SWHardeningNeeded"),
     "does not exist for an enclave"),
    ("status of this enclave", put("tcbLevels", 0, "tcbStatus", "Revoked"),
     "Revoked (of the Quoting Enclave)"),
]


@pytest.mark.parametrize("field,change,reason", QE_IDENTITY, ids=[row[0] for row in QE_IDENTITY])
def test_qe_identity(machine, field, change, reason):
    machine.change_document("qe_identity.json", "enclaveIdentity", change)
    verdict = machine.verdict()
    assert reason in verdict, verdict or "verifies"


@pytest.mark.parametrize("file,what", [("tcb_info.json", "TCB info"),
                                       ("qe_identity.json", "QE identity")])
def test_signature_of_a_document(machine, file, what):
    path = machine.collateral / file
    path.write_bytes(path.read_bytes().replace(b'"version"', b' "version"', 1))
    assert f"{what}: " in machine.verdict()


# CRLs, signed again.

def issue_crl(machine, file, issuer, key=None, revoked=(), start=NOW - DAY, end=NOW + DAY,
              without=None, delta=False, name=None):
    cert = machine.cert(issuer)
    identifier = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (x509.CertificateRevocationListBuilder().issuer_name(name or cert.subject)
               .last_update(start).next_update(end))
    if without != "number":
        builder = builder.add_extension(x509.CRLNumber(1), False)
    if without != "identifier":
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), True)
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(machine.cert(certificate).serial_number, start).build())
    crl = builder.sign(machine.key(key or issuer), hashes.SHA256())
    (machine.collateral / file).write_bytes(crl.public_bytes(serialization.Encoding.DER))


CRL_FIELDS = [
    ("issuer", lambda m, other: {"name": m.cert(other).subject}, "it was not issued by"),
    ("signature", lambda m, other: {"key": other}, "it is not signed by the key of"),
    ("thisUpdate", lambda m, other: {"start": NOW + DAY / 2}, "CRL is not valid before"),
    ("nextUpdate", lambda m, other: {"end": NOW - DAY / 2}, "CRL expired at"),
    ("no number", lambda m, other: {"without": "number"}, "CRL number or authority key"),
    ("no key identifier", lambda m, other: {"without": "identifier"}, "CRL number or authority"),
    ("delta", lambda m, other: {"delta": True}, "a delta CRL"),
]


@pytest.mark.parametrize("file,issuer,other", [("root_ca.crl", "root_ca", "platform_ca"),
                                               ("pck.crl", "platform_ca", "root_ca")])
@pytest.mark.parametrize("field,change,reason", CRL_FIELDS, ids=[row[0] for row in CRL_FIELDS])
def test_crl(machine, file, issuer, other, field, change, reason):
    issue_crl(machine, file, issuer, **change(machine, other))
    machine.assert_refused(reason)


@pytest.mark.parametrize("file,issuer,revoked,who", [
    ("pck.crl", "platform_ca", "pck", "Intel SGX PCK Certificate"),
    ("root_ca.crl", "root_ca", "platform_ca", "Intel SGX PCK Platform CA"),
    ("root_ca.crl", "root_ca", "tcb_signing", "Intel SGX TCB Signing"),
])
def test_a_revoked_certificate(machine, file, issuer, revoked, who):
    issue_crl(machine, file, issuer, revoked=[revoked])
    machine.assert_refused(f'the certificate "{who}" is revoked')


def test_crls_issued_again_are_as_good(machine):
    issue_crl(machine, "root_ca.crl", "root_ca")
    issue_crl(machine, "pck.crl", "platform_ca")
    assert machine.verdict() == ""


@pytest.mark.parametrize("file", ["tcb_info.json", "tcb_info_issuer_chain.pem", "qe_identity.json",
                                  "qe_identity_issuer_chain.pem", "pck.crl", "root_ca.crl"])
def test_a_missing_file_is_named(machine, file):
    (machine.collateral / file).unlink()
    verdict = machine.verdict()
    assert file in verdict and "FMSPC 53494d000000" in verdict
