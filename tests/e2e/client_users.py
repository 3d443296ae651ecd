# SPDX-License-Identifier: Apache-2.0
"""Users of a deployment: certificates of their own, roles, and requests as them."""

import base64
import json

from credentials import Credentials

PACKAGE = {"Debug": True, "SecurityVersion": 1, "ProductID": 1, "SignerID": "00" * 32}
ROLES = {
    "packager": {"ResourceType": "Packages", "ResourceNames": ["package"],
                 "Actions": ["UpdateSecurityVersion"]},
    "owner": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
}


def encode(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


class Users:
    """Certificates by name, made when they are first asked for."""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def __getitem__(self, name):
        if name not in self.made:
            self.made[name] = Credentials(self.folder, name)
        return self.made[name]

    def section(self, **roles):
        """The Users of a manifest: each name with its roles."""
        return {name: {"Certificate": self[name].cert.decode(), "Roles": list(of)}
                for name, of in roles.items()}

    def cert(self, name):
        """For requests."""
        return str(self[name].cert_file), str(self[name].key_file)


def manifest_of(users, roles=None, **sections):
    """A manifest with one package and one Marble."""
    manifest = {"Packages": {"package": PACKAGE}, "Marbles": {"marble": {"Package": "package"}},
                "Users": users, "Roles": {**ROLES, **(roles or {})}, **sections}
    return json.dumps(manifest)


class Client:
    """One user of one Coordinator, in one generation of the API."""

    def __init__(self, coordinator, users, name, generation):
        self.coordinator, self.is_v2 = coordinator, generation == "v2"
        self.options = {"cert": users.cert(name)} if name else {}

    def request(self, method, path, **options):
        prefix = "/api/v2" if self.is_v2 else ""
        return self.coordinator.request(method, prefix + path, **self.options, **options)

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, text, member="manifest"):
        """The text as the body, or in base64 as a member of it."""
        if self.is_v2:
            return self.request("POST", path, json={member: encode(text)})
        return self.request("POST", path, data=text)

    def update(self, manifest):
        return self.post("/update", manifest)

    def acknowledge(self, manifest):
        return self.post("/update-manifest", manifest)

    def cancel(self):
        return self.request("POST", "/update-cancel")

    def write(self, secrets):
        body = {"secrets": secrets} if self.is_v2 else secrets
        return self.request("POST", "/secrets", json=body)

    def read(self, *names):
        """Status and, of a success, the secrets by name."""
        query = "&".join(f"s={name}" for name in names)
        answer = self.get(f"/secrets?{query}")
        if answer.status_code != 200:
            return answer
        data = answer.json()["data"]
        return data["secrets"] if self.is_v2 else data

    def refused(self, answer, message, v1_status=400):
        """The answer is that of this generation to a request that makes no sense."""
        assert answer.status_code == (500 if self.is_v2 else v1_status), answer.text
        assert answer.json() == {"status": "error", "data": None, "message": message}


def log_of(coordinator):
    """The update log without times, which are checked."""
    lines = [json.loads(line) for line in coordinator.get("/update").splitlines()]
    for line in lines:
        assert list(line)[:2] == ["time", "update"]
        assert line.pop("time")[-5:] == "+0000"
    return lines
