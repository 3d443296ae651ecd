# SPDX-License-Identifier: Apache-2.0
"""Commands of `marblerun` that need no Coordinator."""

import hashlib
import json
import random
import re
import struct
import subprocess

import pytest
import yaml


def sha256(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def test_l22_version_prints_version_and_commit(cli):
    assert re.fullmatch(r"CLI Version: v\d+\.\d+\.\d+ \nCommit: ([0-9a-f]{40}|unknown)\n",
                        cli.succeed("version"))


def test_results_are_printed_as_json_on_demand(cli):
    version = json.loads(cli.succeed("version", "--output", "json"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", version["version"]) and version["commit"]
    cli.write("manifest.json", "{}")
    assert json.loads(cli.succeed("manifest", "signature", "manifest.json", "-ojson")) == {
        "signature": sha256("{}")}
    cli.write("app.sig", sigstruct())
    assert json.loads(cli.succeed("package-info", "app.sig", "-o=json")) == {
        "UniqueID": "e1" * 32, "SignerID": sha256(bytes([0x99]) * 384), "ProductID": 7,
        "SecurityVersion": 9}


def test_other_formats_are_unknown(cli):
    assert cli.fail("version", "--output", "xml") == (
        'invalid argument "xml" for "--output" flag: the only format is json\n'
        "Run 'marblerun version --help' for usage.")


def test_help_is_there_in_every_form_and_only_lists_what_exists(cli):
    text = cli.succeed()
    assert text == cli.succeed("help") == cli.succeed("--help") == cli.succeed("-h")
    commands = re.findall(r"^  ([a-z-]+) +[A-Z]", text, re.M)
    assert commands == ["manifest", "certificate", "secret", "status", "recover",
                        "recover-with-signature", "collateral", "package-info",
                        "quote", "precheck", "graphene-prepare", "gramine-prepare", "version",
                        "completion", "help"]
    assert cli.succeed("manifest") == cli.succeed("help", "manifest")
    assert cli.succeed("help", "manifest", "set") == cli.succeed("manifest", "set", "--help")
    assert "marblerun manifest set <file> <IP:PORT> [flags]" in cli.succeed("manifest", "set", "-h")


def test_commands_of_later_versions_are_unknown(cli):
    assert cli.fail("install") == ("unknown command \"install\" for \"marblerun\"\n"
                                   "Run 'marblerun --help' for usage.")


def test_a_mistyped_command_is_answered_with_near_names(cli):
    assert cli.fail("stauts", "h") == ('unknown command "stauts" for "marblerun"\n\n'
                                       "Did you mean this?\n\tstatus\n\n"
                                       "Run 'marblerun --help' for usage.")


def test_wrong_usage_names_the_way_to_help(cli):
    assert cli.fail("manifest", "set", "file") == (
        "accepts 2 arg(s), received 1\nRun 'marblerun manifest set --help' for usage.")
    assert cli.fail("status", "h", "--no-such") == (
        "unknown flag: --no-such\nRun 'marblerun status --help' for usage.")


def test_l02_the_signature_of_json_is_that_of_its_bytes(cli):
    text = b'{ "b": 1,\r\n  "a": [ ] }\n\n'
    cli.write("manifest.json", text)
    assert cli.succeed("manifest", "signature", "manifest.json") == sha256(text) + "\n"


def go_json(value):
    """Compact and sorted, with the escapes of Go's encoder."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def random_value(source, depth):
    """Nothing that PyYAML and Go disagree about: no lone y or n, no 1e3, no whole floats."""
    kind = source.random()
    if depth > 3 or kind < 0.5:
        text = "".join(source.choice("abc <>&\"'\\:#-{}[],*!|%@`é\n\t\u2028")
                       for _ in range(source.randint(0, 12)))
        return source.choice([None, True, False, source.randint(-10**6, 10**18),
                              source.randint(-10**6, 10**6) + 0.25, text, "null", "~", "yes", "1",
                              "0x1f", "1.5", "2020-01-01", "<<", "=", "1_0", ".5", "+1"])
    if kind < 0.75:
        return [random_value(source, depth + 1) for _ in range(source.randint(0, 4))]
    return {"".join(source.choice("abcxz_-. ") for _ in range(source.randint(1, 6))):
            random_value(source, depth + 1) for _ in range(source.randint(0, 4))}


@pytest.mark.parametrize("seed", range(40))
def test_l01_yaml_of_another_implementation_becomes_the_same_json(cli, seed):
    source = random.Random(seed)
    value = {"z": random_value(source, 0), "a": random_value(source, 0)}
    text = yaml.safe_dump(value, allow_unicode=True, width=source.choice([20, 80, 1000]),
                          default_flow_style=source.choice([None, True, False]))
    cli.write("manifest.yaml", text)
    assert cli.succeed("manifest", "signature", "manifest.yaml") == sha256(go_json(value)) + "\n"


def test_l01_a_broken_manifest_is_refused_with_its_place(cli):
    cli.write("twice.yaml", "a: 1\nb: 2\na: 3\n")
    cli.write("broken.json", '{"a": 1,\n "b" 2}\n')
    cli.write("list.yaml", "- a\n")
    assert cli.fail("manifest", "signature", "twice.yaml") == (
        'twice.yaml: malformed YAML: line 3: the key "a" is there already, in line 1')
    assert cli.fail("manifest", "signature", "broken.json").startswith(
        "broken.json: malformed JSON: line 2, column 6: ")
    assert cli.fail("manifest", "signature", "list.yaml") == (
        "list.yaml: it is neither a JSON object nor a YAML mapping, so no manifest")
    assert cli.fail("manifest", "signature", "none.yaml") == (
        "cannot read none.yaml: No such file or directory")


def sigstruct():
    """As the hardware demands it, with a modulus that nobody has the key of."""
    return (bytes.fromhex("06000000e10000000000010000000000") + bytes(4)
            + struct.pack("<I", 0x20210930)
            + bytes.fromhex("01010000600000006000000001000000") + bytes(88)
            + b"\x99" * 384 + struct.pack("<I", 3) + bytes(384)  # modulus, exponent, signature
            + bytes(4 + 4 + 20)  # MISCSELECT, its mask, ISVFAMILYID and what is reserved
            + struct.pack("<QQ", 4, 3) + struct.pack("<QQ", 2**64 - 1, 2**64 - 1)
            + b"\xe1" * 32 + bytes(32) + struct.pack("<HH", 7, 9) + bytes(12 + 384 + 384))


def elf(sections):
    """A 64-bit ELF file of nothing but these sections."""
    names, body, headers = b"\0", b"", bytes(64)
    for name, content in [*sections.items(), (".shstrtab", None)]:
        position = len(names)
        names += name.encode() + b"\0"
        content = names if content is None else content
        headers += struct.pack("<IIQQQQIIQQ", position, 1, 0, 0, 64 + len(body), len(content),
                               0, 0, 1, 0)
        body += content
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    return ident + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, 64 + len(body), 0, 64, 56, 0, 64,
                               len(sections) + 2, len(sections) + 1) + body + headers


PROPERTIES = (f"UniqueID (MRENCLAVE)      : {'e1' * 32}\n"
              f"SignerID (MRSIGNER)       : {sha256(bytes([0x99]) * 384)}\n"
              "ProductID (ISVPRODID)     : 7\n"
              "SecurityVersion (ISVSVN)  : 9\n")


@pytest.mark.parametrize("section", [".oeinfo", ".note.sgxmeta"])
def test_l10_the_identity_of_an_elf_enclave_is_found(cli, section):
    assert len(sigstruct()) == 1808
    decoy = sigstruct()[:16]
    cli.write("enclave", elf({".text": sigstruct()[:100], section: decoy + b"\5" * 77
                              + sigstruct() + b"\5" * 9}))
    assert cli.succeed("package-info", "enclave") == (
        "PackageProperties for 'enclave':\n" + PROPERTIES)


def test_l10_the_identity_of_a_gramine_enclave_is_found_in_file_and_folder(cli):
    cli.write("app/app.sig", sigstruct())
    cli.write("app/app.manifest", "")
    for path in ("app", "app/app.sig"):
        assert cli.succeed("package-info", path) == (
            f"Detected Gramine instance.\nPackageProperties for Gramine instance at '{path}':\n"
            + PROPERTIES)


def test_l10_the_identity_of_an_occlum_image_is_found(cli):
    cli.write("image/build/lib/libocclum-libos.signed.so", elf({".note.sgxmeta": sigstruct()}))
    assert cli.succeed("package-info", "image") == (
        "Detected Occlum image.\nPackageProperties for Occlum image at 'image':\n" + PROPERTIES)


def test_l10_what_is_no_enclave_is_refused_with_all_reasons(cli):
    cli.write("app/a.sig", sigstruct())
    cli.write("app/b.sig", sigstruct())
    cli.write("plain", elf({".text": b""}))
    cli.write("unsigned", elf({".oeinfo": bytes(2000)}))
    cli.write("text", "hello")
    for path, reason in [("app", "Gramine: found multiple .sig files"),
                         ("plain", "Open Enclave: plain: it has no ELF section .oeinfo"),
                         ("plain", "SGX SDK: plain: it has no ELF section .note.sgxmeta"),
                         ("unsigned", "Open Enclave: unsigned: it contains no SIGSTRUCT"),
                         ("text", "Open Enclave: text: it is no 64-bit ELF file"),
                         ("text", "Gramine: text: ")]:
        done = cli.run("package-info", path)
        assert (done.returncode, done.stdout) == (1, "")
        assert reason in done.stderr
        assert done.stderr.endswith("\nError: unable to determine enclave properties\n")
    (cli.folder / "empty").mkdir()
    assert "did not find Gramine .sig file in directory" in cli.run("package-info", "empty").stderr
    assert "No such file or directory" in cli.run("package-info", "nothing").stderr


def test_l22_bash_completes_commands_flags_and_files(cli):
    cli.write("completion.bash", cli.succeed("completion", "bash"))

    def complete(*words):
        quoted = " ".join(f"'{w}'" for w in (cli.program, *words))
        script = (f"source completion.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words)};"
                  f" _marblerun '{cli.program}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return subprocess.run(["bash", "-c", script], cwd=cli.folder, check=True, text=True,
                              capture_output=True).stdout.split()

    assert complete("man") == ["manifest"]
    assert complete("manifest", "") == ["set", "get", "log", "signature", "update", "verify"]
    assert complete("manifest", "get", "--dis") == ["--display-update"]
    assert complete("manifest", "set", "") == []
    assert "complete -o default" in (cli.folder / "completion.bash").read_text()


ZSH = """\
compdef() { : }
_describe() { print -l -- "${(@)candidates%%:*}" }
_files() { print FILES }
source script
words=(%s) CURRENT=%d
_marblerun
"""


@pytest.mark.parametrize("words, candidates", [
    (["man"], ["manifest"]), (["manifest", "get", "--dis"], ["--display-update"]),
    (["completion", ""], ["bash", "zsh", "fish"]), (["manifest", "set", "no"], None)])
def test_l22_zsh_and_fish_complete_the_same(cli, words, candidates):
    """None: names of files."""
    for shell, offer in [
            ("zsh", ZSH % (" ".join(f"'{w}'" for w in [cli.program, *words]), len(words) + 1)),
            ("fish", f"source script; complete -C '{cli.program} {' '.join(words)}'")]:
        cli.write("script", cli.succeed("completion", shell))
        cli.write("notes", "")
        try:
            done = subprocess.run([shell, *(["-f"] if shell == "zsh" else ["--no-config"]), "-c",
                                   offer], cwd=cli.folder, check=True, text=True, timeout=60,
                                  env=cli.environment, capture_output=True)
        except FileNotFoundError:
            pytest.skip(f"{shell} is not installed")
        names = [line.split("\t")[0] for line in done.stdout.splitlines()]
        expected = candidates or {"zsh": ["FILES"], "fish": ["notes"]}[shell]
        assert sorted(names) == sorted(expected), done.stderr


def test_l22_there_is_no_completion_for_other_shells(cli):
    assert cli.fail("completion", "tcsh") == (
        'there is no completion for "tcsh": use bash, zsh or fish')


def test_output_that_cannot_be_written_is_an_error(cli):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = cli.run("version", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "Error: cannot write to standard output: No space left on device\n"
