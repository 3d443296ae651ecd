# SPDX-License-Identifier: Apache-2.0
"""graphene-manifest against Jinja2 itself, graphene-argv-serializer, graphene-sigstruct-view."""
import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import jinja2
import pytest
from graphene_tools import BUILD, LIBDIR, run


def render(template, *args, **options):
    return run("graphene-manifest", *args, "-c", template, **options)


def jinja(template, **variables):
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.globals.update(env=os.environ)
    return environment.from_string(template).render(**variables)


# Each renders to the same text by Jinja2 and by graphene-manifest.
SAME = [
    "",
    "plain text { } % # }} %} #}\n",
    "no newline at the end",
    "two\n\n",
    "line\r\nends\rof all kinds\n",
    "{{ name }} {{name}} {{- name -}}  x",
    "a {# comment {{ nothing }} #} b {#- trimmed -#} c",
    "{{ 'single' }}{{ \"double\" }}{{ 'it\\'s' }}{{ 'a\\nb\\tc\\\\' }}",
    "{{ 12 }} {{ -3 }} {{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 5 - 7 }} {{ 2 * -2 }}",
    "{{ true }} {{ false }} {{ none }} {{ True }} {{ False }} {{ None }}",
    "{{ 'a' ~ 1 ~ true }} {{ 'a' + 'b' }} {{ 1 ~ 2 + 3 if false else 4 }}",
    "{% if flag %}yes{% else %}no{% endif %}",
    "{% if name == 'x' %}x{% elif name == 'app' %}app{% else %}other{% endif %}",
    "{% if name == 'x' %}x{% elif flag %}flag{% endif %}.",
    "{% if not flag %}no{% endif %}{% if not not flag %}yes{% endif %}",
    "{% if missing is defined %}defined{% else %}missing{% endif %}",
    "{% if missing is not defined and name is defined %}both{% endif %}",
    "{{ missing is undefined }} {{ none is none }} {{ name is not none }}",
    "{{ missing | default('d') }} {{ missing|d }} {{ '' | default('d') }} {{ '' | default('d', true) }}",
    "{{ name if flag else missing }} {{ missing if missing is defined else 'none' }}",
    "{{ 'a' if false else 'b' if false else 'c' }}",
    "{{ flag and name }} {{ '' or name }} {{ flag or missing }} {{ '' and missing }}.",
    "{{ 1 < 2 }} {{ 2 <= 1 }} {{ 'a' < 'b' }} {{ 'b' >= 'b' }} {{ 3 > 2 }} {{ 1 != 2 }} {{ 'a' == 'a' }}",
    "{{ 'p' in name }} {{ 'x' not in name }} {{ 2 in [1, 2] }} {{ 'x' in ['y',] }}",
    "{% for x in ['a', 'b', 'c'] %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% endfor %}",
    "{{ ('a' if false) | default('b') }}{{ 'x' if (1 if false) else 'y' }}",
    "{% for x in [1, 2] %}{% for y in [x, x] %}{{ x }}{{ y }}{{ loop.first }} {% endfor %}{{ loop.index0 }}{% endfor %}",
    "{% for x in [] %}never{% else %}empty{% endfor %} {% for x in [1] %}once{% else %}no{% endfor %}",
    "{% for x in [1, 2, 3] %}\n  item {{ x }}\n{% endfor %}\nend\n",
    "{% for x in [1, 2, 3] -%}\n  item {{ x }}\n{%- endfor %}\nend\n",
    "{%- if flag -%}   trimmed   {%- endif +%}   kept",
    "{% set a = 'x' ~ name %}{{ a }}{% set a = a ~ '!' %}{{ a }}",
    "{% set a = 1 %}{% for x in [1, 2] %}{% set a = a + x %}{{ a }}{% endfor %}{{ a }}",
    "{% for name in [1] %}{{ name }}{% endfor %}{{ name }}",
    "{% set list = ['b', 'a'] + ['c'] %}{{ list[0] }}{{ list[-1] }}{{ list | join('-') }}{{ list | length }}",
    "{{ ' x ' | trim }}{{ name | upper }}{{ 'ABC' | lower }}{{ 'a.b.c' | replace('.', '/') }}{{ '7' | int + 1 }}{{ 'x' | int }}",
    "{{ 'ä€' | length }} {{ name | upper | lower | length }}",
    "{{ env.TEST_VARIABLE }} {{ env['TEST_VARIABLE'] }} {{ env.get('NOT_SET', 'd') }} {{ env.NOT_SET is defined }}",
    "fs.mounts = [\n{% for p in ['/lib', '/usr'] %}  { path = \"{{ p }}\", uri = \"file:{{ p }}\" },\n{% endfor %}]\n",
    "{{ \"}}\" }} {{ '%}' }} {{ '{{' }}",
    "{{{ name }}}".replace("{{{", "{ {{").replace("}}}", "}} }"),
    "{{ [1, 2][1] }} {{ ['a', 'b'][0] | upper }} {{ (name) }}",
]


@pytest.mark.parametrize("template", SAME)
def test_templates_render_as_jinja_renders_them(template, monkeypatch, tmp_path):
    monkeypatch.setenv("TEST_VARIABLE", "of the environment")
    monkeypatch.delenv("NOT_SET", raising=False)
    (tmp_path / "template").write_bytes(template.encode())
    run("graphene-manifest", "-Dname=app", "-D", "flag", tmp_path / "template", tmp_path / "out")
    assert (tmp_path / "out").read_bytes().decode() == jinja(template, name="app", flag=True)


# Both refuse; ours names the line, the tag and the reason.
REFUSED = [
    ("a\n{{ missing }}", "line 2: {{ missing }}: 'missing' is undefined; define it with -Dmissing=…"),
    ("{{ env.NOT_SET }}", "the environment variable NOT_SET is not set"),
    ("{{ name.missing }}", "there is no attribute 'missing'"),
    ("{{ missing.x is defined }}", "'missing' is undefined"),
    ("{{ [1][1] }}", "the list has no element 1"),
    ("{% if missing %}{% endif %}", "line 1: {% if missing %}: 'missing' is undefined"),
    ("{% for x in missing %}{% endfor %}", "'missing' is undefined"),
    ("{% for x in 5 %}{% endfor %}", "only lists"),
    ("{{ missing ~ 'x' }}", "'missing' is undefined"),
    ("{{ missing == 1 }}", "'missing' is undefined"),
    ("{{ 1 < 'a' }}", "have an order"),
    ("{{ 1 + 'a' }}", "'+' cannot join"),
    ("{{ name() }}", "only functions can be called"),
    ("{{ name", "the tag has no end"),
    ("{{ name %}", "unexpected %}"),
    ("{% if true }}", "unexpected }}"),
    ("{{ }}", "unexpected }}"),
    ("{{ name name }}", "unexpected name"),
    ("{{ 'abc }}", "a string has no end"),
    ("{{ (1 }}", "')' is missing"),
    ("{{ ? }}", "'?' means nothing here"),
    ("{# open", "the comment has no end"),
    ("x\n{% if true %}\ny", "line 2: {% if true %}: there is no endif"),
    ("{% for x in [1] %}", "there is no endfor"),
    ("{% endif %}", "there is no open if"),
    ("{% if true %}{% endfor %}", "there is no open for"),
    ("{% else %}", "there is no open if or for"),
    ("{% if true %}{% else %}{% else %}{% endif %}", "there is no open if or for"),
    ("{% if true %}{% else %}{% elif true %}{% endif %}", "elif behind else"),
    ("{% nonsense %}", "the statement 'nonsense' is not supported"),
    ("{% set 1 = 2 %}", "the name of a variable is missing"),
    ("{% set a %}", "'=' is missing"),
    ("{% for 1 in [1] %}{% endfor %}", "the name of a variable is missing"),
    ("{% for x of [1] %}{% endfor %}", "for NAME in LIST"),
    ("{{ name | nonsense }}", "the filter 'nonsense' is not supported"),
    ("{{ name is nonsense }}", "the test 'nonsense' is not supported"),
    ("{{ 'x' | replace('x') }}", "filter replace: takes 2 to 2 arguments"),
]


@pytest.mark.parametrize("template, message", REFUSED)
def test_what_jinja_refuses_is_refused_with_a_reason(template, message, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises((jinja2.TemplateError, TypeError)):
        jinja(template, name="app")
    assert message in render(template, "-Dname=app", status=1)


@pytest.mark.parametrize("template, message", [
    ("{% if false %}{{ 1 | nonsense }}{% endif %}", "the filter 'nonsense' is not supported"),
    ("{{ [1, 2] }}", "a list or a table has no text"),
    ("{{ graphene }}", "'graphene' has no value of its own"),
    ("{{ 1.5 }}", "unexpected 5"),
    ("{{ 99999999999999999999 }}", "is no integer"),
    ("{{ 9223372036854775807 + 1 }}", "too large"),
    ("{{ f(x=1) }}", "arguments by name"),
    ("{{ '\\u0041' }}", "the escape \\u is not supported"),
    ("{{ " + "(" * 100 + "1" + ")" * 100 + " }}", "nested too deeply"),
    ("{% if true %}" * 100 + "{% endif %}" * 100, "blocks inside each other"),
    ("{% set a = 'aaaaaaaaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 30, "a text that gets too long"),
    ("{% set l = [1] %}" + "{% set l = l + l %}" * 8 + "{% for a in l %}" * 4 + "{% endfor %}" * 4,
     "the template does not end"),
    ("{{ graphene.runtimedir('musl') }}", "musl is not installed"),
    ("{{ graphene.runtimedir(1) }}", "runtimedir(): takes"),
    ("{{ graphene.nothing }}", "there is no attribute 'nothing'"),
    ("{{ ldd('/nowhere/program') }}", "ldd(): ldd failed with status 1"),
    ("{{ ldd() }}", "ldd(): takes paths"),
    ("{{ python.nothing }}", "there is no attribute 'nothing'"),
    ("{{ python.get_sys_path('/nowhere/python') }}", "cannot run /nowhere/python"),
])
def test_limits_and_functions_fail_with_a_reason(template, message):
    assert message in render(template, status=1)


def test_paths_of_the_runtime_are_known_to_templates():
    glibc = LIBDIR / "runtime/glibc"
    for era in ("graphene", "gramine"):
        assert render(f"{{{{ {era}.libos }}}}") == str(LIBDIR / "libsysdb.so")
        assert render(f"{{{{ {era}.pkglibdir }}}}") == str(LIBDIR)
        for call in ("runtimedir()", "runtimedir", "runtimedir('glibc')"):
            assert render(f"{{{{ {era}.{call} }}}}") == str(glibc)
            assert render(f"{{{{ {era}.{call} / 'libc.so.6' }}}}") == str(glibc / "libc.so.6")
    assert (glibc / "ld-linux-x86-64.so.2").is_file()
    assert not (glibc / "libc.so.6").is_symlink()


def test_the_folder_of_the_runtime_can_be_named(tmp_path):
    (tmp_path / "libsysdb.so").touch()
    environment = {**os.environ, "GRAPHENE_SIM_LIBDIR": str(tmp_path)}
    assert render("{{ graphene.libos }}", env=environment) == str(tmp_path / "libsysdb.so")
    assert "runtime/glibc is missing" in render("{{ graphene.runtimedir() }}", env=environment, status=1)
    environment["GRAPHENE_SIM_LIBDIR"] = "/nowhere"
    assert "GRAPHENE_SIM_LIBDIR" in render("{{ graphene.libos }}", env=environment, status=1)


def test_ldd_lists_the_libraries_of_programs():
    listed = subprocess.run(["ldd", "/bin/sh", "/bin/ls"], capture_output=True, text=True, check=True)
    paths = {word for word in listed.stdout.split() if word.startswith("/") and not word.endswith(":")}
    assert render("{% for l in ldd('/bin/sh', '/bin/ls') %}{{ l }}\n{% endfor %}").split() == sorted(paths)


def test_python_answers_what_this_python_answers():
    python = {**os.environ, "PATH": os.path.dirname(sys.executable) + ":" + os.environ["PATH"]}
    expected = {
        "python.stdlib": sysconfig.get_path("stdlib"),
        "python.platstdlib": sysconfig.get_path("platstdlib"),
        "python.purelib": sysconfig.get_path("purelib"),
        "python.ext_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
        "python.implementation.name": sys.implementation.name,
        "python.implementation.cache_tag": sys.implementation.cache_tag,
        "python.get_path('scripts')": sysconfig.get_path("scripts"),
        "python.get_paths().include": sysconfig.get_paths()["include"],
        "python.get_config_var('SOABI')": sysconfig.get_config_var("SOABI"),
    }
    for expression, value in expected.items():
        assert render(f"{{{{ {expression} }}}}", env=python) == value
    assert render("{{ python.distlib }}", env=python).endswith("python3/dist-packages")
    template = ("{% for p in python.get_sys_path('" + sys.executable + "') %}"
                "{{ p }}{{ '/' if p.is_dir() else '' }}\n{% endfor %}")
    paths = render(template).split()
    assert sysconfig.get_path("stdlib") + "/" in paths
    assert all(Path(path).is_dir() == path.endswith("/") for path in paths)


TEMPLATE = """# a comment that only Graphene keeps
loader.preload = "file:{{ graphene.libos }}"
libos.entrypoint = "file:{{ entrypoint }}"
loader.log_level = "{{ log_level | default('error') }}"
fs.mount.lib.type = "chroot"
fs.mount.lib.path = "/lib"
fs.mount.lib.uri = "file:{{ graphene.runtimedir() }}"
sgx.trusted_files.entrypoint = "file:{{ entrypoint }}"
"""

GRAMINE = """# a comment that is lost
libos.entrypoint = "{{ entrypoint }}"
fs.mounts = [{ path = "/{{ entrypoint }}", uri = "file:{{ entrypoint }}" }]
sgx.trusted_files = ["file:{{ entrypoint }}"]
"""


def test_graphene_manifest_keeps_the_text_and_checks_on_demand(tmp_path):
    (tmp_path / "t").write_text(TEMPLATE)
    out = run("graphene-manifest", "-Dentrypoint=app", "t", cwd=tmp_path)
    assert out.startswith("# a comment") and 'log_level = "error"' in out
    assert tomllib.loads(out)["fs"]["mount"]["lib"]["uri"] == f"file:{LIBDIR}/runtime/glibc"
    assert run("graphene-manifest", "--check", "-Dentrypoint=app", "-", "-", cwd=tmp_path,
               input=TEMPLATE) == out
    wrong = TEMPLATE + "sgx.nonsense = 1\n"
    assert "sgx.nonsense" in render(wrong, "-Dentrypoint=app")
    assert "unknown key 'sgx.nonsense'" in render(wrong, "-Dentrypoint=app", "--check", status=1)
    assert "line 9" in render(TEMPLATE + "= 1", "-Dentrypoint=app", "--check", status=1)


def test_gramine_manifest_writes_the_manifest_anew(tmp_path):
    (tmp_path / "t").write_text(GRAMINE)
    (tmp_path / "app").write_text("x")

    def gramine(*args, **options):
        return run("graphene-manifest", *args, name="gramine-manifest", cwd=tmp_path, **options)

    out = gramine("-Dentrypoint=app", "t")
    manifest = tomllib.loads(out)
    assert "#" not in out
    assert manifest["sgx"]["trusted_files"] == [{
        "uri": "file:app", "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}]
    assert manifest["sgx"]["max_threads"] == 4 and manifest["sgx"]["debug"] is False
    assert manifest["loader"]["entrypoint"]["uri"] == f"file:{LIBDIR}/libsysdb.so"

    (tmp_path / "bad").write_text(GRAMINE + "sgx.foo = 1\n")
    assert "unknown key 'sgx.foo'" in gramine("-Dentrypoint=app", "bad", status=1)
    assert tomllib.loads(gramine("--no-check", "-Dentrypoint=app", "bad"))["sgx"]["foo"] == 1
    assert "or the file does not exist" in gramine("-Dentrypoint=none", "t", status=1)
    (tmp_path / "below").mkdir()
    (tmp_path / "below/none").write_text("x")
    assert "file:none" in gramine("-Dentrypoint=none", "--chroot", "below", "t")


def test_the_command_line_of_graphene_manifest_is_checked(tmp_path):
    for args in ([], ["-c", "x", "y"], ["a", "b", "c"], ["--nonsense"]):
        assert "usage" in run("graphene-manifest", *args, status=2)
    assert "cannot read /nowhere" in run("graphene-manifest", "/nowhere", status=1)
    assert "usage" in run("graphene-manifest", "--help")
    (tmp_path / "t").write_bytes(b"ok\n\xff")
    assert "line 2: a template is UTF-8" in run("graphene-manifest", tmp_path / "t", status=1)


def test_the_argument_file_has_one_nul_behind_each_argument():
    tool = [BUILD / "bin/graphene-argv-serializer"]
    for args, expected in ((["app", "a b", "c"], "6170700061206200" "6300"), ([], ""), (["", ""], "0000"),
                           (["--help"], b"--help\0".hex())):
        assert subprocess.run(tool + args, capture_output=True, check=True).stdout.hex() == expected
    with open("/dev/full", "w") as full:
        result = subprocess.run(tool + ["x"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and "cannot write" in result.stderr


def test_the_tools_have_their_old_names_in_a_folder_of_their_own(tmp_path):
    old = LIBDIR / "bin"
    (tmp_path / "app.manifest").write_text('libos.entrypoint = "/app"\nfs.mounts = []\n')
    environment = {"PATH": f"{old}:/usr/bin:/bin", "HOME": str(tmp_path)}
    subprocess.run("mkdir -p .config/gramine && graphene-sgx-sign --gen-key .config/gramine/enclave-key.pem"
                   " && gramine-manifest app.manifest full.manifest"
                   " && gramine-sgx-sign -q -m full.manifest -o app.manifest.sgx"
                   " && cmp full.manifest app.manifest.sgx"
                   " && gramine-sgx-sigstruct-view full.sig && argv_serializer a > a && gramine-argv-serializer a",
                   shell=True, cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "a").read_bytes() == b"a\0"


@pytest.mark.parametrize("tool", ["graphene-manifest", "graphene-pf-crypt", "graphene-platform",
                                  "graphene-sign", "graphene-sigstruct-view", "graphene-sim"])
def test_tools_tell_their_version(tool):
    assert re.fullmatch(tool + r" \d+\.\d+\.\d+\n", run(tool, "--version"))
    assert "--version" in run(tool, "--help")


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    (folder / "app.manifest").write_text(
        'libos.entrypoint = "/app"\nfs.mounts = []\nsgx.isvsvn = 7\nsgx.isvprodid = 300\n')
    run("graphene-sign", "--gen-key", "key.pem", cwd=folder)
    run("graphene-sign", "-m", "app.manifest", "-o", "app.manifest.sgx", "-k", "key.pem",
        "-d", "2024-02-29", cwd=folder)
    return folder / "app.sig"


def test_signature_files_are_shown_to_people_and_to_scripts(signed, tmp_path):
    def view(*args):
        return run("graphene-sigstruct-view", *args)

    sig = signed.read_bytes()
    short = {"mr_signer": hashlib.sha256(sig[128:512]).hexdigest(),
             "mr_enclave": sig[960:992].hex(), "isv_prod_id": 300, "isv_svn": 7}
    verbose = {"attribute_flags": "0x4", "attribute_xfrms": "0x3", "misc_select": "0x0",
               "attribute_flags_mask": "0xffffffffffffffff", "attribute_xfrm_mask": "0xfffffffffff9ff1b",
               "misc_mask": "0xffffffff", "date": "2024-02-29"}
    assert json.loads(view("--output-format", "json", signed)) == short | {"debug_enclave": False}
    expected = short | verbose | {"debug_enclave": False}
    assert list(json.loads(view("-v", "--output-format=json", signed)).items()) == list(expected.items())
    assert tomllib.loads(view("-v", "--output-format", "toml", signed)) == expected
    text = view("-q", signed).splitlines()
    assert text[0] == "Attributes:" and text[-1] == "    debug_enclave: False"
    assert "    isv_prod_id: 300" in text and len(text) == 6
    view("--output-format", "json", signed, tmp_path / "out")
    assert json.loads((tmp_path / "out").read_text())["isv_svn"] == 7


def test_what_is_no_signature_file_is_refused(signed, tmp_path):
    def view(*args, status=1):
        return run("graphene-sigstruct-view", *args, status=status)

    bad = tmp_path / "bad.sig"
    bad.write_bytes(signed.read_bytes()[:-1])
    assert "bad.sig: SIGSTRUCT has 1807 bytes instead of 1808" in view(bad)
    bad.write_bytes(signed.read_bytes() + b"x")
    assert "longer than" in view(bad)
    bad.write_bytes(b"\1" + signed.read_bytes()[1:])
    assert "header" in view(bad)
    assert "cannot read" in view(tmp_path / "none")
    assert "\"yaml\" is no format" in view("--output-format", "yaml", bad, status=2)
    assert "usage" in view(status=2)
