# SPDX-License-Identifier: Apache-2.0
"""The demos of samples/ run to their ends, and the nginx of its sample serves under load."""

import concurrent.futures
import http.client
import re
import shutil
import ssl
import subprocess

import pytest

from attested import INSIDE
from graphene_tools import needed
from sim_app import SOURCE_ROOT

PATIENCE = 120
PROGRAMS = {"hello": "cc", "nginx": "/usr/sbin/nginx", "redis": "/usr/bin/redis-server",
            "python": "/usr/bin/python3"}
CONNECTIONS, REQUESTS = 100, 100  # on each connection


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
