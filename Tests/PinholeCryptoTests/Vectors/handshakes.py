"""Two whole handshakes: sections 1.4, 2 and 3.1."""

from identities import Identity
from primitives import (
    be32, be64, blake2b_128, chacha20_keystream, concat_kdf, counted, curve_public, curve_secret, lp, nonce_of, seal,
    sha256, x25519, x25519_public, xseal)


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


def handshakes():
    seeds = (counted(0x00, 32), counted(0x20, 32))
    return [
        handshake_case("direct, without a pre-shared key", seeds, b"", ((1, 1), (1, 1))),
        handshake_case("introduced, with a pre-shared key, offers of different versions",
                       (counted(0x77, 32), counted(0x99, 32)), counted(0x44, 32), ((1, 1), (1, 3))),
    ]
