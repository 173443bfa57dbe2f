"""Primitives, identities, text forms and the keys of a pair: the conventions and §1 of Protocol.md."""

import base64
import hashlib
import struct

import nacl.bindings as sodium
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

LO, HI = 0, 1
ROLE = (b"Lo", b"Hi")


class Refused(Exception):
    """Bytes or keys that the protocol does not take."""


# Conventions


def be32(value):
    return struct.pack(">I", value)


def be64(value):
    return struct.pack(">Q", value)


def lp(data):
    return be32(len(data)) + data


def sha256(data):
    return hashlib.sha256(data).digest()


def blake2b_128(key, data):
    return hashlib.blake2b(data, digest_size=16, key=key).digest()


def blake2b_256(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def concat_kdf(z, label, u, v, pub, priv, length):
    other = lp(b"pinhole/1 " + label) + lp(u) + lp(v) + be32(8 * length) + lp(pub) + lp(priv)
    blocks = b"".join(sha256(be32(i) + z + other) for i in range(1, (length + 31) // 32 + 1))
    return blocks[:length]


def seal(key, nonce, aad, plaintext):
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def unseal(key, nonce, aad, sealed):
    """The plaintext, or None: an attacker's bytes are nothing exceptional."""
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, aad)
    except (InvalidTag, ValueError):
        return None


def xseal(key, nonce, aad, plaintext):
    return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, aad, nonce, key)


def xunseal(key, nonce, aad, sealed):
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, aad, nonce, key)
    except Exception:  # nacl's own type for a wrong tag, ValueError for a length
        return None


def nonce_of(iv, number):
    return bytes(a ^ b for a, b in zip(iv, bytes(4) + be64(number)))


def header_mask(key, sample):
    """RFC 9001 §5.4.4; the library takes block counter and nonce as one value of 16 bytes, as they were sampled."""
    return Cipher(algorithms.ChaCha20(key, sample), mode=None).encryptor().update(bytes(5))


def x25519(scalar, point):
    try:
        return sodium.crypto_scalarmult(scalar, point)
    except Exception as error:  # libsodium refuses a result of zeros
        raise Refused("X25519 fails") from error


def x25519_public(scalar):
    return sodium.crypto_scalarmult_base(scalar)


# §1.2 Text forms

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> i & 1:
                check ^= generator
    return check


def _expand(prefix):
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def bech32m(prefix, data):
    number = int.from_bytes(data, "big") << -8 * len(data) % 5
    count = (8 * len(data) + 4) // 5
    groups = [number >> 5 * (count - 1 - i) & 31 for i in range(count)]
    check = _polymod(_expand(prefix) + groups + [0] * 6) ^ 0x2BC830A3
    groups += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(ALPHABET[group] for group in groups)


def unbech32m(prefix, text):
    if text != text.lower() and text != text.upper():
        raise Refused("mixed case")
    found, separator, rest = text.lower().rpartition("1")
    if not separator or found != prefix or len(rest) < 6 or any(c not in ALPHABET for c in rest):
        raise Refused(f"not a {prefix}1 text")
    groups = [ALPHABET.index(c) for c in rest]
    if _polymod(_expand(prefix) + groups) != 0x2BC830A3:
        raise Refused("a typing mistake")
    groups = groups[:-6]
    filling = 5 * len(groups) % 8
    number = 0
    for group in groups:
        number = number << 5 | group
    if filling >= 5 or number & (1 << filling) - 1:
        raise Refused("filling bits")
    return (number >> filling).to_bytes(5 * len(groups) // 8, "big")


def service_address(text):
    """`pinhole-signal://pinsrv1…@host:port` → key, host, port."""
    scheme, _, rest = text.partition("://")
    key, _, place = rest.partition("@")
    host, _, port = place.rpartition(":")
    if scheme != "pinhole-signal":
        raise Refused("not a service's address")
    return unbech32m("pinsrv", key), host.strip("[]"), int(port)


def openssh_key(line):
    words = line.split()
    data = base64.b64decode(words[1], validate=True)
    head = lp(b"ssh-ed25519") + be32(32)
    if words[0] != "ssh-ed25519" or data[:-32] != head:
        raise Refused("not an ssh-ed25519 key")
    return data[-32:]


# §1.1 Identities


class Identity:
    def __init__(self, seed):
        self.seed = seed
        self.public, self._secret = sodium.crypto_sign_seed_keypair(seed)

    @property
    def text(self):
        return bech32m("pin", self.public)

    @property
    def curve_secret(self):
        return sodium.crypto_sign_ed25519_sk_to_curve25519(self._secret)

    def sign(self, message):
        return sodium.crypto_sign(message, self._secret)[:64]


def check_public(public):
    """Canonical, in the prime-order subgroup, not of small order: libsodium's own test is just that."""
    if len(public) != 32 or not sodium.crypto_core_ed25519_is_valid_point(public):
        raise Refused("not an identity key")
    return public


def curve_public(public):
    return sodium.crypto_sign_ed25519_pk_to_curve25519(public)


def verify(public, signature, message):
    try:
        sodium.crypto_sign_open(signature + message, public)
        return True
    except Exception:
        return False


def open_key_file(text, passphrase=None):
    """§1.3: the identity of a key file."""
    lines = [line.strip() for line in text.splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    if len(words) != 1 or len(words[0].split()) != 1:
        raise Refused("not one word")
    if words[0].lower().startswith("pin-secret-1"):
        return Identity(unbech32m("pin-secret-", words[0]))
    data = unbech32m("pin-sealed-", words[0])
    if len(data) != 129 or data[0] != 1:
        raise Refused("not a sealed key")
    passes, memory = struct.unpack(">II", data[1:9])
    if not 1 <= passes <= 16 or not 8 <= memory <= 1048576:
        raise Refused("passes or memory out of bounds")
    key = sodium.crypto_pwhash_alg(
        32, passphrase, data[41:57], passes, memory * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13)
    seed = xunseal(key, data[57:81], data[:81], data[81:])
    if seed is None:
        raise Refused("wrong passphrase")
    identity = Identity(seed)
    if identity.public != data[9:41]:
        raise Refused("the seed is another key's")
    return identity


# §1.4 Pairs


class Pair:
    """What this identity shares with one contact. `own` and `other` are roles."""

    def __init__(self, identity, other_public, psk=b""):
        if check_public(other_public) == identity.public:
            raise Refused("one's own key")
        self.identity, self.other_public, self.psk = identity, other_public, psk
        self.own = LO if identity.public < other_public else HI
        self.other = 1 - self.own
        publics = sorted((identity.public, other_public))
        self.ik_lo, self.ik_hi = publics
        self.ss = x25519(identity.curve_secret, curve_public(other_public))
        self.pk = concat_kdf(self.ss, b"pair", self.ik_lo, self.ik_hi, b"", b"", 32)
        self.k_hello = [self._derive(b"hello " + role) for role in ROLE]
        self.k_rdv = self._derive(b"rdv")
        self.k_lan = self._derive(b"lan")

    def _derive(self, label):
        return concat_kdf(self.pk, label, b"", b"", b"", b"", 32)

    def tag(self, day):
        return concat_kdf(self.k_rdv, b"tag", b"", b"", be32(day), b"", 16)

    def safety_number(self):
        """§1.5"""
        digest = hashlib.sha512(b"pinhole/1 safety number\0" + lp(self.ik_lo) + lp(self.ik_hi)).digest()
        return [f"{int.from_bytes(digest[5 * i:5 * i + 5], 'big') % 100000:05d}" for i in range(12)]

    def beacon_entry(self, role, epoch, nonce, address, flags):
        """§6.1"""
        key = concat_kdf(self.k_lan, b"beacon " + ROLE[role], b"", b"", be32(epoch), b"", 32)
        mask = blake2b_128(key, nonce + address)[:8]
        return mask[:7] + bytes([mask[7] ^ flags])
