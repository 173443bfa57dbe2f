"""Identities, key files, safety numbers: sections 1.1 to 1.5."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mnemonic import Mnemonic
from nacl.bindings import crypto_pwhash_ALG_ARGON2ID13, crypto_pwhash_alg

from primitives import (
    be32, bech32m, counted, curve_public, curve_secret, lp, sha256, xseal)


class Identity:
    def __init__(self, seed):
        self.seed = seed
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def json(self):
        return {
            "seed": self.seed.hex(),
            "public": self.public.hex(),
            "text": bech32m("pin", self.public),
            "secret_text": bech32m("pin-secret-", self.seed).upper(),
            "curve_secret": curve_secret(self.seed).hex(),
            "curve_public": curve_public(self.public).hex(),
        }


def safety_number(lo, hi):
    digest = hashlib.sha512(b"pinhole/1 safety number\0" + lp(lo) + lp(hi)).digest()
    return [f"{int.from_bytes(digest[5 * i : 5 * i + 5], 'big') % 100000:05d}" for i in range(12)]


def bip39(entropy):
    """The words of BIP 39, whose English list is taken from the `mnemonic` package."""
    check = sha256(entropy)[0] >> (8 - len(entropy) // 4)
    bits = (int.from_bytes(entropy, "big") << len(entropy) // 4) | check
    count = len(entropy) * 3 // 4
    words = Mnemonic("english").wordlist
    return [words[bits >> 11 * (count - 1 - i) & 2047] for i in range(count)]


def safety_words(lo, hi):
    return bip39(hashlib.sha512(b"pinhole/1 safety words\0" + lp(lo) + lp(hi)).digest()[:24])


def keys():
    one, other = Identity(counted(0x00, 32)), Identity(counted(0x20, 32))
    lo, hi = sorted((one.public, other.public))
    blob = lp(b"ssh-ed25519") + lp(one.public)
    passphrase, salt, nonce, passes, memory = b"correct horse", counted(0x05, 16), counted(0x15, 24), 2, 64
    header = b"\x01" + be32(passes) + be32(memory) + one.public + salt + nonce
    key = crypto_pwhash_alg(32, passphrase, salt, passes, memory * 1024, crypto_pwhash_ALG_ARGON2ID13)
    sealed = header + xseal(key, nonce, header, one.seed)
    return {
        "identities": [one.json(), other.json()],
        "openssh": "ssh-ed25519 " + base64.b64encode(blob).decode() + " somebody@somewhere",
        "safety_number": safety_number(lo, hi),
        "safety_words": safety_words(lo, hi),
        "bip39": [
            {"entropy": entropy.hex(), "words": bip39(entropy)}
            for entropy in (bytes(24), b"\x7f" * 24, b"\xff" * 24, counted(0x31, 24))],
        "key_file": {
            "passphrase": passphrase.decode(), "salt": salt.hex(), "nonce": nonce.hex(), "passes": passes,
            "memory_kib": memory, "text": bech32m("pin-sealed-", sealed).upper()},
        "blake2b": [
            {"input": data.hex(), "hash": hashlib.blake2b(data, digest_size=32).hexdigest()}
            for data in (b"", b"abc", counted(0, 300))],
    }
