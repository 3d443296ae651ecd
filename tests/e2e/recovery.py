# SPDX-License-Identifier: Apache-2.0
"""Owners of recovery keys, and what anybody can do with shares: written from the description of the
formats, so that it shares no code with the Coordinator."""

import base64
import itertools

import sealed_state
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
SUCCESS = {"remaining": 0, "message": "Recovery successful."}


class Owner:
    """One recovery key."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)

    def public(self):
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def private(self, form=serialization.PrivateFormat.PKCS8):
        return self.key.private_bytes(serialization.Encoding.PEM, form,
                                      serialization.NoEncryption())

    def open(self, encrypted):
        """The secret that the Coordinator handed out, in base64 or bytes."""
        if isinstance(encrypted, str):
            encrypted = base64.b64decode(encrypted)
        return self.key.decrypt(encrypted, OAEP)

    def sign(self, secret):
        return self.key.sign(secret, padding.PKCS1v15(), hashes.SHA256())


def keys_of(owners):
    """The RecoveryKeys of a manifest."""
    return {f"owner-{i}": owner.public() for i, owner in enumerate(owners)}


def open_all(owners, handed_out):
    """Secrets in the order of the owners, of the answer to a manifest."""
    assert sorted(handed_out) == sorted(f"owner-{i}" for i in range(len(owners)))
    return [owner.open(handed_out[f"owner-{i}"]) for i, owner in enumerate(owners)]


def encode(data):
    return base64.b64encode(data).decode()


def recover(coordinator, secret, signature):
    return coordinator.request("POST", "/api/v2/recover", json={
        "recoverySecret": encode(secret), "recoverySecretSignature": encode(signature)})


def hand_in(coordinator, owner, secret):
    """What the Coordinator says to it."""
    answer = recover(coordinator, secret, owner.sign(secret))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def missing(count):
    return {"remaining": count, "message": "Secret was processed successfully. Upload the next "
                                           f"secret. Remaining secrets: {count}"}


def refused(answer, text):
    assert answer.status_code == 500, answer.text
    assert answer.json() == {"status": "error", "data": None,
                             "message": f"setting recovery key: {text}"}


# GF(2^8), with tables to the generator 3
EXP, LOG, x = [0] * 510, [0] * 256, 1
for i in range(255):
    EXP[i] = EXP[i + 255] = x
    LOG[x] = i
    x ^= (x << 1) ^ (0x11b if x & 0x80 else 0)


def multiply(a, b):
    return EXP[LOG[a] + LOG[b]] if a and b else 0


def divide(a, b):
    return EXP[LOG[a] + 255 - LOG[b]] if a else 0


def join_shamir(shares):
    """By Lagrange at 0."""
    secret = bytearray(len(shares[0]) - 1)
    for share in shares:
        weight = 1
        for other in shares:
            if other is not share:
                weight = multiply(weight, divide(other[-1], other[-1] ^ share[-1]))
        secret = bytes(a ^ multiply(b, weight) for a, b in zip(secret, share))
    return secret


def join_xor(shares):
    secret = bytes(32)
    for share in shares:
        secret = bytes(a ^ b for a, b in zip(secret, share))
    return secret


def opens(data, shares):
    """Can somebody who has these shares and the sealed data read the state?"""
    for count in range(1, len(shares) + 1):
        for chosen in itertools.combinations(shares, count):
            for key in (join_shamir(chosen), join_xor(chosen), chosen[0][:32]):
                try:
                    return bool(sealed_state.open_with(data, key))
                except (InvalidTag, ValueError):  # shares of 33 bytes make no key by XOR
                    pass
    return False
