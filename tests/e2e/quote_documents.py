# SPDX-License-Identifier: Apache-2.0
"""TCB info and QE identity: the signed bytes found, and the form of what is in them, for
quote_verifier.py.

It shares no code with the C sources. Everything raises Refused with the reason.
"""

import datetime
import json
import re

from quote_certificates import verify_raw
from quote_formats import require

QE_STATUSES = ["UpToDate", "OutOfDate", "Revoked"]
STATUSES = QE_STATUSES + ["SWHardeningNeeded", "ConfigurationNeeded",
                          "ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded"]
SIZE_MAX, DEPTH_MAX = 256 * 1024, 8


def unique(pairs):
    require(len({name for name, _ in pairs}) == len(pairs), "no name is there twice")
    return dict(pairs)


def no_number(text):
    require(False, f"{text} is no JSON")


def whole_number(text):
    """Zero with a sign is none of the numbers that count."""
    return float(text) if text == "-0" else int(text)


DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_constant=no_number,
                           parse_int=whole_number)


def check_spelling(text):
    """Names are printable ASCII without escapes, so that there is one way to spell each."""
    for string in re.finditer(r'"((?:[^"\\]|\\.)*)"[ \t\r\n]*(:?)', text):
        require(not string[2] or re.fullmatch(r"[ !#-\[\]-~]*", string[1]), "plain name")


class Scanner:
    """Steps over JSON and knows where its parts stand."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def token(self, character):
        self.at = re.compile(r"[ \t\r\n]*").match(self.text, self.at).end()
        require(self.text.startswith(character, self.at), f"a {character!r} in the document")
        self.at = re.compile(r"[ \t\r\n]*").match(self.text, self.at + 1).end()

    def value(self):
        """The next value as it is spelled."""
        start = self.at
        _, self.at = DECODER.raw_decode(self.text, start)
        return self.text[start:self.at]


def depth(value):
    if not isinstance(value, (dict, list)):
        return 0
    parts = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, parts), default=0)


def members(text):
    """The two members of the outer object, as they are spelled."""
    scanner, found = Scanner(text), []
    for separator in "{,":
        scanner.token(separator)
        name = scanner.value()
        scanner.token(":")
        found.append((name, scanner.value()))
    scanner.token("}")
    require(scanner.at == len(text), "nothing behind the document")
    return unique(found)


def signed_value(data, name, signer, simulated):
    """The document under `name`, its signature checked over the bytes as they stand."""
    require(len(data) <= SIZE_MAX, f"{name}: size")
    text = data.removesuffix(b"\0").decode()
    found = members(text)
    require(set(found) == {f'"{name}"', '"signature"'}, f"{name}: form of the document")
    body, signature = found[f'"{name}"'], found['"signature"']
    require(re.fullmatch('"[0-9A-Fa-f]{128}"', signature), f"{name}: form of the signature")
    require(not simulated or signature == signature.lower(), f"{name}: lower-case signature")
    verify_raw(signer.public_key(), bytes.fromhex(signature[1:-1]), body.encode(), name)
    document = DECODER.decode(body)
    check_spelling(body)
    require(isinstance(document, dict) and depth(document) < DEPTH_MAX, f"{name}: depth")
    require(not simulated or json.dumps(document, separators=(",", ":")) == body,
            f"{name}: compact")
    return document


# Forms


def date(text):
    require(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), "form of a date")
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def number(value, limit):
    require(type(value) is int and 0 <= value <= limit, "a number in its range")
    return value


def digits(document, name, size):
    require(re.fullmatch(f"[0-9A-Fa-f]{{{2 * size}}}", document[name]), f"{size} bytes of {name}")
    return bytes.fromhex(document[name])


def check_levels(levels, svn_of, statuses=STATUSES):
    """Highest first, whatever the order in the document."""
    require(isinstance(levels, list) and levels, "levels")
    for level in levels:
        date(level["tcbDate"])
        require(level["tcbStatus"] in statuses, "status")
        advisories = level.get("advisoryIDs", [])
        require(isinstance(advisories, list) and all(isinstance(a, str) for a in advisories),
                "advisories are strings")
    levels.sort(key=svn_of, reverse=True)
    require(all(svn_of(a) != svn_of(b) for a, b in zip(levels, levels[1:])), "no level twice")


def check_head(document, version):
    require(number(document["version"], 2**32 - 1) == version, "version")
    number(document["tcbEvaluationDataNumber"], 2**32 - 1)
    date(document["issueDate"])
    date(document["nextUpdate"])


def components_of(tcb, kind):
    if f"{kind}tcbcomponents" not in tcb:  # version 2
        return [number(tcb[f"{kind}tcbcomp{i:02}svn"], 255) for i in range(1, 17)]
    components = [number(c["svn"], 255) for c in tcb[f"{kind}tcbcomponents"]]
    require(len(components) == 16, "16 components")
    return components


def svns(level):
    return components_of(level["tcb"], "sgx") + [number(level["tcb"]["pcesvn"], 65535)]


def all_svns(level):
    return svns(level) + components_of(level["tcb"], "tdx")


def module_svn(level):
    return number(level["tcb"]["isvsvn"], 255)


def qe_svn(level):
    return number(level["tcb"]["isvsvn"], 65535)


def check_module(module):
    wanted, mask = digits(module, "attributes", 8), digits(module, "attributesMask", 8)
    require(not any(w & ~m for w, m in zip(wanted, mask)), "attributes within their mask")
    digits(module, "mrsigner", 48)


def check_modules(tcb_info):
    check_module(tcb_info["tdxModule"])
    modules = tcb_info.get("tdxModuleIdentities", [])
    require(isinstance(modules, list), "list of modules")
    for module in modules:
        check_module(module)
        require(re.fullmatch("TDX_[0-9A-F]{2}", module["id"]), "name of a module")
        check_levels(module["tcbLevels"], module_svn)
    require(len({module["id"] for module in modules}) == len(modules), "no module twice")


def check_tcb_info(tcb_info):
    is_old = tcb_info["version"] == 2
    check_head(tcb_info, 2 if is_old else 3)
    require(("id" in tcb_info) != is_old, "id since version 3")
    kind = tcb_info.get("id", "SGX")
    require(kind in ("SGX", "TDX"), "technology")
    require(number(tcb_info["tcbType"], 1) == 0, "tcbType")
    digits(tcb_info, "fmspc", 6)
    digits(tcb_info, "pceId", 2)
    if kind == "TDX":
        check_modules(tcb_info)
    else:
        require(not {"tdxModule", "tdxModuleIdentities"} & set(tcb_info), "no TDX module for SGX")
    require(is_old == ("sgxtcbcomp01svn" in tcb_info["tcbLevels"][0]["tcb"]), "form of levels")
    check_levels(tcb_info["tcbLevels"], all_svns if kind == "TDX" else svns)


def check_qe_identity(identity):
    check_head(identity, 2)
    require(identity["id"] in ("QE", "TD_QE"), "identity of a Quoting Enclave")
    for name, size in (("miscselect", 4), ("attributes", 16)):
        wanted, mask = digits(identity, name, size), digits(identity, name + "Mask", size)
        require(not any(w & ~m for w, m in zip(wanted, mask)), f"{name} within its mask")
    digits(identity, "mrsigner", 32)
    number(identity["isvprodid"], 65535)
    check_levels(identity["tcbLevels"], qe_svn, QE_STATUSES)


def check_dates(document, now):
    require(date(document["issueDate"]) <= now <= date(document["nextUpdate"]),
            "date of a document")
