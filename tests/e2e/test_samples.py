# SPDX-License-Identifier: Apache-2.0
"""The demos of samples/ run to their ends, and the nginx of its sample serves under load."""

import concurrent.futures
import hashlib
import http.client
import json
import re
import shutil
import ssl
import subprocess

import pytest

from attested import INSIDE
from graphene_tools import needed
from sim_app import SOURCE_ROOT
from sim_fixtures import fixture_key  # noqa: F401  pylint: disable=unused-import

PATIENCE = 120
PROGRAMS = {"hello": "cc", "nginx": "/usr/sbin/nginx", "redis": "/usr/bin/redis-server",
            "python": "/usr/bin/python3"}
CONNECTIONS, REQUESTS = 1000, 10  # on each connection, which the key has to open


@pytest.fixture(name="demo_build")
def fixture_demo_build(tmp_path):
    """A build folder like the real one, in which demos leave their traces."""
    if "libasan" in needed(INSIDE / "bin/coordinator"):
        pytest.skip("AddressSanitizer does not fit into an enclave")
    for name in ("bin", "lib"):
        (tmp_path / name).symlink_to(INSIDE / name)
    return tmp_path


def start(sample, build, *command):
    if not shutil.which(PROGRAMS[sample]):
        pytest.skip(f"{PROGRAMS[sample]} is not installed: make demo-{sample} installs it")
    return subprocess.Popen([SOURCE_ROOT / "samples" / sample / "demo", build, *command],
                            text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.plain_build
@pytest.mark.parametrize("sample", PROGRAMS)
def test_the_demo_of_a_sample_runs_to_its_end(sample, demo_build):
    demo = start(sample, demo_build)
    output, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, output
    assert f"All of it is in {demo_build}/demo-{sample}." in output


def fetch(port, authority):
    """Many requests on one connection that trusts the Coordinator alone."""
    context = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=PATIENCE)
    answers = []
    for _ in range(REQUESTS):
        connection.request("GET", "/")
        answer = connection.getresponse()
        answers.append((answer.status, answer.read()))
    connection.close()
    return answers


@pytest.mark.plain_build
def test_the_coordinators_enclave_comes_with_its_era_file(key, tmp_path):
    config = tmp_path / ".config/gramine"
    config.mkdir(parents=True)
    shutil.copy(key, config / "enclave-key.pem")
    script = [SOURCE_ROOT / "packaging/gramine/coordinator-enclave", "enclave", INSIDE / "bin/coordinator"]
    environment = {"HOME": str(tmp_path),
                   "PATH": f"/usr/bin:/bin:{INSIDE}/bin:{INSIDE}/lib/graphene-sim/bin"}
    for run in range(2):
        subprocess.run(script, cwd=tmp_path, env=environment, check=True, timeout=PATIENCE,
                       stdout=subprocess.DEVNULL)
        state = tmp_path / "enclave/state/sealed"
        assert state.exists() == (run == 1)
        state.touch()
    sig = (tmp_path / "enclave/coordinator.sig").read_bytes()
    assert json.loads((tmp_path / "enclave/coordinator-era.json").read_text()) == {
        "UniqueID": sig[960:992].hex(), "SignerID": hashlib.sha256(sig[128:512]).hexdigest(),
        "ProductID": 3, "SecurityVersion": 1}
    usage = subprocess.run(script[:1], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert usage.returncode == 2 and usage.stderr.startswith("coordinator-enclave DIR PROGRAM")


@pytest.mark.plain_build
def test_nginx_serves_ten_thousand_requests_with_its_protected_key(demo_build):
    demo = start("nginx", demo_build, "sh", "-c", 'echo "serves at $NGINX_PORT" && read end')
    output = ""
    while not (serving := re.search(r"^serves at (\d+)$", output, re.MULTILINE)):
        line = demo.stdout.readline()
        assert line, output
        output += line
    authority = demo_build / "demo-nginx/chain.pem"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(fetch, int(serving[1]), authority) for _ in range(CONNECTIONS)]
        answers = [answer for future in futures for answer in future.result()]
    assert len(answers) == 10000
    assert set(answers) == {(200, b"Hello from nginx, with a key that nobody has seen.\n")}
    output += demo.communicate("end\n", timeout=PATIENCE)[0]
    assert demo.returncode == 0, output
