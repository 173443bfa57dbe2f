#!/usr/bin/env python3
"""Computes the vectors beside this file from the protocol's text, sharing no code with the Swift implementation.

Needs Debian's python3-cryptography, python3-nacl and python3-mnemonic. It overwrites the *.json beside it:

    /usr/bin/python3 Tests/PinholeCryptoTests/Vectors/generate.py

All byte strings are hexadecimal. Nothing here is constant-time or meant to protect anything.
"""

import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mnemonic import Mnemonic
from nacl.bindings import crypto_pwhash_ALG_ARGON2ID13, crypto_pwhash_alg

# Primitives


def sha256(data):
    return hashlib.sha256(data).digest()


def blake2b_128(key, data):
    return hashlib.blake2b(data, digest_size=16, key=key).digest()


def be32(value):
    return struct.pack(">I", value)


def be64(value):
    return struct.pack(">Q", value)


def lp(data):
    return be32(len(data)) + data


def concat_kdf(z, label, u, v, pub, priv, length):
    info = lp(b"pinhole/1 " + label) + lp(u) + lp(v) + be32(8 * length) + lp(pub) + lp(priv)
    blocks = (length + 31) // 32
    return b"".join(sha256(be32(i + 1) + z + info) for i in range(blocks))[:length]


def seal(key, nonce, aad, plaintext):
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def nonce_of(iv, number):
    return bytes(a ^ b for a, b in zip(iv, bytes(4) + be64(number)))


def hchacha20(key, nonce16):
    state = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = ((mixed << turn) | (mixed >> (32 - turn))) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
    return struct.pack("<8I", *(state[0:4] + state[12:16]))


def xseal(key, nonce, aad, plaintext):
    return seal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], aad, plaintext)


def chacha20_keystream(key, sample, length):
    # The cryptography package takes counter ‖ nonce as one 16-byte value, both as in RFC 8439: just as sampled.
    return Cipher(algorithms.ChaCha20(key, sample), mode=None).encryptor().update(bytes(length))


def x25519_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret, public):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


P = 2**255 - 19


def curve_public(edwards):
    y = int.from_bytes(edwards, "little") & (2**255 - 1)
    return ((1 + y) * pow(1 - y, P - 2, P) % P).to_bytes(32, "little")


def curve_secret(seed):
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    return bytes(digest)


ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32m(prefix, data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    groups = [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
    check = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + groups + [0] * 6:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
            if top >> i & 1:
                check ^= generator
    check ^= 0x2BC830A3
    groups += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(ALPHABET[group] for group in groups)


def counted(start, length):
    return bytes((start + i) & 0xFF for i in range(length))


# Identities


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


def write(name, value):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


# Protocol, sections 1 to 3


class Attempt:
    def __init__(self, name, identity, ephemeral, ts, versions, intro_id, scid, salt, blob_salt, introduction):
        self.name, self.identity, self.ephemeral = name, identity, ephemeral
        self.ts, self.versions, self.intro_id = ts, versions, intro_id
        self.scid, self.salt, self.blob_salt, self.introduction = scid, salt, blob_salt, introduction
        self.public = x25519_public(ephemeral)
        head = self.public + be64(ts) + bytes(versions) + bytes(2) + bytes(4) + intro_id
        self.plaintext = head + bytes(174 - len(head))


def handshake_case(name, seeds, psk, versions):
    lo, hi = sorted((Identity(seed) for seed in seeds), key=lambda identity: identity.public)
    ss = x25519(curve_secret(lo.seed), curve_public(hi.public))
    assert ss == x25519(curve_secret(hi.seed), curve_public(lo.public))
    pair = concat_kdf(ss, b"pair", lo.public, hi.public, b"", b"", 32)
    k_hello = {role: concat_kdf(pair, b"hello " + role, b"", b"", b"", b"", 32) for role in (b"Lo", b"Hi")}
    k_rdv = concat_kdf(pair, b"rdv", b"", b"", b"", b"", 32)
    k_lan = concat_kdf(pair, b"lan", b"", b"", b"", b"", 32)
    days = [0, 20_000, 20_001]

    intro_id = counted(0xB0, 16) if psk else bytes(16)
    introduction = bytes.fromhex("23010004c0000201c350")
    attempts = {
        b"Lo": Attempt(
            b"Lo", lo, counted(0x40, 32), 1_767_225_600_000, versions[0], intro_id, counted(0x10, 8),
            counted(0x80, 24), counted(0xC0, 24), introduction),
        b"Hi": Attempt(
            b"Hi", hi, counted(0x60, 32), 1_767_225_600_123, versions[1], intro_id, counted(0x18, 8),
            counted(0xA0, 24), counted(0xD8, 24), b""),
    }
    a, b = attempts[b"Lo"], attempts[b"Hi"]
    cookie_secret = counted(0xE0, 32)
    source = {"text": "192.0.2.7:40000", "bytes": bytes.fromhex("04c00002079c40")}
    cookie = blake2b_128(cookie_secret, source["bytes"])

    th = sha256(
        b"pinhole/1 handshake\0" + lp(lo.public) + lp(hi.public) + lp(a.plaintext) + lp(b.plaintext)
        + lp(b"\1" if psk else b"\0"))
    z = x25519(a.ephemeral, b.public) + ss
    u, v = lo.public + a.public, hi.public + b.public
    hs = concat_kdf(z, b"hs", u, v, th, psk, 88)
    root = concat_kdf(z, b"root", u, v, th, psk, 32)
    sid = concat_kdf(z, b"sid", u, v, th, b"", 16)
    traffic = concat_kdf(root, b"traffic " + be32(0), u, v, th, b"", 152)

    sides = {}
    for index, (role, mine, theirs) in enumerate(((b"Lo", a, b), (b"Hi", b, a))):
        hello_key = concat_kdf(k_hello[role], b"hello", b"", b"", mine.salt, b"", 32)
        header = b"\xc1\x01" + mine.scid + mine.salt
        sealed = header + seal(hello_key, bytes(12), header, mine.plaintext)
        gate = sha256(b"pinhole/1 gate" + theirs.identity.public)
        mac1 = blake2b_128(gate, sealed)
        hello = sealed + mac1 + bytes(16)
        hello_with_cookie = sealed + mac1 + blake2b_128(cookie, sealed + mac1)
        assert len(hello) == len(hello_with_cookie) == 256

        cookie_nonce = counted(0x30 + index, 24)
        cookie_key = sha256(b"pinhole/1 cookie" + theirs.identity.public)
        cookie_datagram = b"\xc2" + mine.scid + cookie_nonce + xseal(cookie_key, cookie_nonce, mac1, cookie)
        assert len(cookie_datagram) == 65

        blob_key = concat_kdf(k_hello[role], b"intro", b"", b"", mine.blob_salt, b"", 32)
        blob_header = b"\x01" + mine.scid + mine.blob_salt
        blob = blob_header + seal(blob_key, bytes(12), blob_header, mine.plaintext + mine.introduction)

        signature = mine.identity.key.sign(b" " * 64 + b"pinhole/1 auth " + role + b"\0" + th)
        key, iv = hs[44 * index : 44 * index + 32], hs[44 * index + 32 : 44 * index + 44]
        handshake = []
        for number, (frames, size) in enumerate(
            ((b"\x20" + signature + b"\x00" + b"\x1a" + counted(1, 8), 256), (b"\x1b" + counted(9, 8), 64))
        ):
            header = b"\xc3" + theirs.scid + be32(number)
            padded = frames + bytes(size - 13 - 16 - len(frames))
            datagram = header + seal(key, nonce_of(iv, number), header, padded)
            assert len(datagram) == size
            handshake.append({
                "packet_number": number, "frames": frames.hex(), "size": size, "datagram": datagram.hex()})

        t = traffic[76 * index : 76 * index + 76]
        data = []
        for number, plaintext in ((0, b"\x01" + bytes(63)), (1, b"hello, pinhole"), (2**31 - 5, b""),
                                  (2**32 - 5, b"\x01"), (2**32 + 1, counted(0, 200)), (2**62, b"x")):
            header = b"\x40" + theirs.scid + be32(number & 0xFFFFFFFF)
            sealed_part = seal(t[:32], nonce_of(t[32:44], number), header, plaintext)
            mask = chacha20_keystream(t[44:76], sealed_part[:16], 5)
            protected = bytes([header[0] ^ mask[0] & 0x0F]) + theirs.scid
            protected += bytes(x ^ y for x, y in zip(header[9:13], mask[1:5]))
            data.append({
                "packet_number": number, "plaintext": plaintext.hex(), "mask": mask.hex(),
                "datagram": (protected + sealed_part).hex()})

        sides[role.decode().lower()] = {
            "identity": mine.identity.json(),
            "ephemeral_secret": mine.ephemeral.hex(),
            "ephemeral_public": mine.public.hex(),
            "timestamp": mine.ts,
            "versions": list(mine.versions),
            "intro_id": mine.intro_id.hex(),
            "connection_id": mine.scid.hex(),
            "plaintext": mine.plaintext.hex(),
            "hello_salt": mine.salt.hex(),
            "hello_key": hello_key.hex(),
            "gate_key": gate.hex(),
            "mac1": mac1.hex(),
            "hello": hello.hex(),
            "hello_with_cookie": hello_with_cookie.hex(),
            "cookie_nonce": cookie_nonce.hex(),
            "cookie_key": cookie_key.hex(),
            "cookie_datagram": cookie_datagram.hex(),
            "blob_salt": mine.blob_salt.hex(),
            "blob_key": blob_key.hex(),
            "introduction": mine.introduction.hex(),
            "blob": blob.hex(),
            "signature": signature.hex(),
            "handshake_key": key.hex(),
            "handshake_iv": iv.hex(),
            "handshake": handshake,
            "traffic_key": t[:32].hex(),
            "traffic_iv": t[32:44].hex(),
            "header_protection_key": t[44:].hex(),
            "data": data,
        }
    return {
        "name": name,
        "psk": psk.hex(),
        "ss": ss.hex(),
        "pair_key": pair.hex(),
        "hello_key_lo": k_hello[b"Lo"].hex(),
        "hello_key_hi": k_hello[b"Hi"].hex(),
        "rendezvous_key": k_rdv.hex(),
        "beacon_key": k_lan.hex(),
        "tags": [{"day": day, "tag": concat_kdf(k_rdv, b"tag", b"", b"", be32(day), b"", 16).hex()} for day in days],
        "cookie_secret": cookie_secret.hex(),
        "cookie_source": source["text"],
        "cookie_source_bytes": source["bytes"].hex(),
        "cookie": cookie.hex(),
        "lo": sides["lo"],
        "hi": sides["hi"],
        "version": min(versions[0][1], versions[1][1]),
        "transcript_hash": th.hex(),
        "z": z.hex(),
        "session_id": sid.hex(),
        "root_key": root.hex(),
    }


# Protocol, section 3.10


def rekey_case(handshake):
    """Five epochs after the handshake's own, from what the handshake's vectors say."""
    lo, hi = (handshake[side] for side in ("lo", "hi"))
    u, v = (bytes.fromhex(s["identity"]["public"] + s["ephemeral_public"]) for s in (lo, hi))
    th, root = bytes.fromhex(handshake["transcript_hash"]), bytes.fromhex(handshake["root_key"])
    epochs = []
    for epoch in range(1, 6):
        secrets = [counted(0x11 * epoch, 32), counted(0x11 * epoch + 0x80, 32)]
        e_lo, e_hi = (x25519_public(secret) for secret in secrets)
        ee = x25519(secrets[0], e_hi)
        assert ee == x25519(secrets[1], e_lo)
        th = sha256(b"pinhole/1 rekey" + th + be32(epoch) + e_lo + e_hi)
        root = concat_kdf(ee + root, b"rekey", u, v, th, b"", 32)
        traffic = concat_kdf(root, b"traffic " + be32(epoch), u, v, th, b"", 152)
        sides = {}
        for index, (role, mine, theirs, secret, public) in enumerate(
            ((b"Lo", lo, hi, secrets[0], e_lo), (b"Hi", hi, lo, secrets[1], e_hi))
        ):
            identity = Identity(bytes.fromhex(mine["identity"]["seed"]))
            signature = identity.key.sign(b" " * 64 + b"pinhole/1 rekey " + role + b"\0" + th)
            t = traffic[76 * index : 76 * index + 76]
            number = 1000 * epoch + index
            plaintext = b"\x01" + bytes(63)
            first = 0x40 | (epoch % 4) << 2
            header = bytes([first]) + bytes.fromhex(theirs["connection_id"]) + be32(number)
            sealed_part = seal(t[:32], nonce_of(t[32:44], number), header, plaintext)
            mask = chacha20_keystream(t[44:76], sealed_part[:16], 5)
            protected = bytes([first ^ mask[0] & 0x0F]) + header[1:9]
            protected += bytes(x ^ y for x, y in zip(header[9:13], mask[1:5]))
            sides[role.decode().lower()] = {
                "ephemeral_secret": secret.hex(),
                "ephemeral_public": public.hex(),
                "rekey_frame": (b"\x23" + be32(epoch) + public).hex(),
                "signature": signature.hex(),
                "reauth_frame": (b"\x24" + be32(epoch) + signature).hex(),
                "traffic_key": t[:32].hex(),
                "traffic_iv": t[32:44].hex(),
                "header_protection_key": t[44:].hex(),
                "packet_number": number,
                "plaintext": plaintext.hex(),
                "mask": mask.hex(),
                "datagram": (protected + sealed_part).hex(),
            }
        epochs.append({
            "epoch": epoch, "ee": ee.hex(), "transcript_hash": th.hex(), "root_key": root.hex(),
            "lo": sides["lo"], "hi": sides["hi"]})
    return {"name": handshake["name"], "epochs": epochs}


# Protocol, section 6


def beacons():
    lo, hi = sorted((Identity(counted(0x00, 32)), Identity(counted(0x20, 32))), key=lambda identity: identity.public)
    ss = x25519(curve_secret(lo.seed), curve_public(hi.public))
    pair = concat_kdf(ss, b"pair", lo.public, hi.public, b"", b"", 32)
    k_lan = concat_kdf(pair, b"lan", b"", b"", b"", b"", 32)
    epoch = 1_767_225_600 // 3600
    nonce = counted(0xF0, 16)
    cases = []
    for role in (b"Lo", b"Hi"):
        for text, sender in (
            ("192.0.2.7:40000", bytes.fromhex("04c00002079c40")),
            ("[fe80::7]:40000", bytes.fromhex("06fe8000000000000000000000000000079c40")),
        ):
            for flags in (0, 1):
                key = concat_kdf(k_lan, b"beacon " + role, b"", b"", be32(epoch), b"", 32)
                mask = blake2b_128(key, nonce + sender)[:8]
                entry = bytes(a ^ b for a, b in zip(mask, bytes(7) + bytes([flags])))
                others = [counted(16 * i, 8) for i in range(1, 8)]
                beacon = b"\xc4\x01" + nonce + b"".join(others[:3] + [entry] + others[3:])
                cases.append({
                    "sender_role": role.decode().lower(), "sender": text, "flags": flags, "key": key.hex(),
                    "entry": entry.hex(), "beacon": beacon.hex()})
    return {
        "lo_seed": lo.seed.hex(), "hi_seed": hi.seed.hex(), "epoch": epoch, "nonce": nonce.hex(), "cases": cases}


# Protocol, section 4


def signaling():
    service = counted(0x51, 32)
    public = x25519_public(service)
    ephemeral = counted(0x21, 32)
    e = x25519_public(ephemeral)
    z = x25519(ephemeral, public)
    keys = concat_kdf(z, b"signal", e, public, b"", b"", 96)
    k_register, k_challenge, session = keys[:32], keys[32:64], keys[64:]

    registers = []
    cookie = counted(0x70, 16)
    tag = counted(0x90, 16)
    for index, (cookie_said, token) in enumerate(((bytes(16), b""), (cookie, b"token"))):
        nonce = counted(0x01 + 16 * index, 12)
        body = cookie_said + bytes([len(token)]) + token + b"\x01" + tag + b"\x81"
        header = b"\xd1\x01" + e + nonce
        body += bytes(256 - len(header) - 16 - len(body))
        registers.append({
            "cookie": cookie_said.hex(), "token": token.hex(), "tag": tag.hex(), "side": 1, "watch": True,
            "nonce": nonce.hex(), "plaintext": body.hex(),
            "datagram": (header + seal(k_register, nonce, header, body)).hex()})
        assert len(registers[-1]["datagram"]) == 512

    nonce = counted(0x61, 12)
    time = 1_767_225_600_456
    body = cookie + be64(time) + bytes.fromhex("04c00002079c40")
    header = b"\xd2" + nonce
    challenge = {
        "cookie": cookie.hex(), "time": time, "observed": "192.0.2.7:40000", "nonce": nonce.hex(),
        "plaintext": body.hex(), "datagram": (header + seal(k_challenge, nonce, header, body)).hex()}

    registration = 0x0123456789ABCDEF
    k = concat_kdf(session, b"registration", e, public, be64(registration), b"", 88)
    ways = {}
    for way, first, offset, messages in (
        ("client", b"\xd3", 0, (b"\x01", b"\x06" + counted(0, 8))),
        ("server", b"\xd4", 44, (b"\x86" + counted(0, 8), b"\x85")),
    ):
        key, iv = k[offset : offset + 32], k[offset + 32 : offset + 44]
        ways[way] = []
        for number, frames in enumerate(messages):
            header = first + be64(registration) + be32(number)
            ways[way].append({
                "packet_number": number, "frames": frames.hex(),
                "datagram": (header + seal(key, nonce_of(iv, number), header, frames)).hex()})
    return {
        "service_secret": service.hex(),
        "service_secret_text": bech32m("pinsrv-secret-", service).upper(),
        "service_public": public.hex(),
        "service_text": bech32m("pinsrv", public),
        "ephemeral_secret": ephemeral.hex(),
        "ephemeral_public": e.hex(),
        "z": z.hex(),
        "register_key": k_register.hex(),
        "challenge_key": k_challenge.hex(),
        "registration_secret": session.hex(),
        "registers": registers,
        "challenge": challenge,
        "registration": f"{registration:016x}",
        "c2s_key": k[:32].hex(),
        "c2s_iv": k[32:44].hex(),
        "s2c_key": k[44:76].hex(),
        "s2c_iv": k[76:].hex(),
        "client": ways["client"],
        "server": ways["server"],
    }


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


# Protocol, sections 1.6 and 3.13


def place(service_key, host, port):
    kind = b"\0" if service_key is None else b"\1" + service_key
    return kind + struct.pack(">H", port) + bytes([len(host)]) + host


def introduction(name, places):
    return bytes([len(name)]) + name + bytes([len(places)]) + b"".join(places)


def invite_case(title, seeds, secret, expiry, bound, name, places, session, guest_name, guest_places):
    inviter, invited = Identity(seeds[0]), Identity(seeds[1])
    binding = sha256(b"pinhole/1 invite for\0" + invited.public)[:16] if bound else b""
    content = (bytes([1, 1 if bound else 0]) + inviter.public + secret + be32(expiry) + binding
               + introduction(name, places))
    signature = inviter.key.sign(b" " * 64 + b"pinhole/1 invite\0" + content)
    guest = Identity(concat_kdf(secret, b"invite", inviter.public, b"", b"", b"", 32))
    says = introduction(guest_name, guest_places)
    proof = invited.key.sign(b" " * 64 + b"pinhole/1 invited\0" + lp(inviter.public) + lp(guest.public) + lp(session)
                             + says)
    return {
        "title": title, "inviter": inviter.json(), "invited": invited.json(), "secret": secret.hex(),
        "expiry": expiry, "binding": binding.hex(), "name": name.decode(), "content": content.hex(),
        "signature": signature.hex(), "text": bech32m("pinhole://add/", content + signature),
        "guest_seed": guest.seed.hex(), "guest_public": guest.public.hex(), "session": session.hex(),
        "proof": proof.hex(), "introduction": (b"\1" + invited.public + proof + says).hex(),
        "verdict_waiting": b"\2\1".hex(),
    }


def invites():
    seeds = (counted(0x00, 32), counted(0x20, 32))
    service = place(x25519_public(counted(0x01, 32)), b"signal.example.org", 41414)
    return [
        invite_case("for anybody, by one service", seeds, counted(0x60, 16), 1767225600, False, b"Alice", [service],
                    counted(0xA0, 16), b"Bob", []),
        invite_case("bound to a key, with a service and an address, without names", seeds, counted(0x70, 16),
                    4294967295, True, b"", [service, place(None, b"2001:db8::1", 7000)], counted(0xB0, 16), b"",
                    [service]),
    ]


# Protocol, section 3.6


def varint(value):
    length = next(n for n in (1, 2, 4, 8) if value < 1 << 8 * n - 2)
    return (value | {1: 0, 2: 1, 4: 2, 8: 3}[length] << 8 * length - 2).to_bytes(length, "big")


def file_hash(purpose, key, data, salt=bytes(16)):
    return hashlib.blake2b(data, digest_size=32, key=key, salt=salt, person=purpose.ljust(16, b"\0")).digest()


def file_case(name, sender, receiver, transfer, entries):
    """`entries` are (kind, mode, seconds, nanoseconds, path, size, [(gap, length)])."""
    manifest, data, total = b"", b"", 0
    for kind, mode, seconds, nanoseconds, path, size, ranges in entries:
        manifest += struct.pack(">BHqI", kind, mode, seconds, nanoseconds) + varint(len(path)) + path
        if kind != 3:
            manifest += varint(size)
            data += counted(size, size if kind == 1 else sum(length for _, length in ranges))
            total += size
        if kind == 2:
            manifest += varint(len(ranges)) + b"".join(varint(gap) + varint(length) for gap, length in ranges)
    content = manifest + data
    shape = 1 if entries[0][0] == 3 else 0
    offer = b"\x01" + be64(transfer) + counted(0xA0, 32) + bytes([shape]) + be32(len(entries)) + be32(len(manifest))
    offer += be64(len(content)) + be64(total) + name
    key = file_hash(b"PIN-FILE-KEY-1", b"", sender.public + receiver.public + offer)

    groups = [content[i : i + 2**18] for i in range(0, len(content), 2**18)]
    leaves = [file_hash(b"PIN-FILE-LEAF-1", key, g, be64(i) + bytes(8)) for i, g in enumerate(groups)]

    def tree(some):
        if len(some) == 1:
            return some[0]
        half = 1
        while 2 * half < len(some):
            half *= 2
        return file_hash(b"PIN-FILE-NODE-1", key, tree(some[:half]) + tree(some[half:]))

    def digest(count):
        peaks, at = b"", 0
        for bit in range(20, -1, -1):
            if count >> bit & 1:
                peaks += tree(leaves[at : at + 2**bit])
                at += 2**bit
        return file_hash(b"PIN-FILE-HAVE-1", key, be64(count) + peaks) if count else bytes(32)

    whole, changed = be32(0), be32(1) + be32(len(entries) - 1)
    return {
        "sender": sender.public.hex(), "receiver": receiver.public.hex(), "transfer": f"{transfer:016x}",
        "name": name.decode(), "manifest": manifest.hex(), "content_size": len(content), "total_size": total,
        "data": [{"start": size & 0xFF, "size": size if kind == 1 else sum(n for _, n in ranges)}
                 for kind, _, _, _, _, size, ranges in entries if kind != 3],
        "offer": offer.hex(), "key": key.hex(), "leaves": [leaf.hex() for leaf in leaves],
        "digests": [digest(count).hex() for count in range(len(leaves) + 1)], "tree": tree(leaves).hex(),
        "root": file_hash(b"PIN-FILE-ROOT-1", key, tree(leaves) + whole).hex(),
        "root_when_the_last_changed": file_hash(b"PIN-FILE-ROOT-1", key, tree(leaves) + changed).hex(),
    }


def files():
    one, other = Identity(counted(0x00, 32)), Identity(counted(0x20, 32))
    return [
        file_case(b"hello.txt", one, other, 0x0123456789ABCDEF, [(1, 0o644, 1_767_225_600, 5, b"", 5, [])]),
        file_case("Bücher".encode(), other, one, 0xFEDCBA9876543210, [
            (3, 0o755, 1_767_225_600, 0, b"", 0, []),
            (2, 0o600, 1_767_225_601, 999_999_999, b"holes", 10_000_000,
             [(0, 4096), (8192, 12288), (9_000_000, 70_000)]),
            (3, 0o700, -1, 0, b"old", 0, []),
            (1, 0o755, -86400, 1, b"old/large", 1_400_000, []),
            (1, 0o444, 0, 0, b"old/nothing", 0, []),
        ]),
    ]


def main():
    seeds = (counted(0x00, 32), counted(0x20, 32))
    handshakes = [
        handshake_case("direct, without a pre-shared key", seeds, b"", ((1, 1), (1, 1))),
        handshake_case("introduced, with a pre-shared key, offers of different versions",
                       (counted(0x77, 32), counted(0x99, 32)), counted(0x44, 32), ((1, 1), (1, 3))),
    ]
    write("handshake.json", handshakes)
    write("rekey.json", [rekey_case(handshake) for handshake in handshakes])
    write("signaling.json", signaling())
    write("keys.json", keys())
    write("beacon.json", beacons())
    write("invite.json", invites())
    write("files.json", files())


if __name__ == "__main__":
    main()
