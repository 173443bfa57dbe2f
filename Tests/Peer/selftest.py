#!/usr/bin/env python3
"""Checks every vector of Tests/PinholeCryptoTests/Vectors against this implementation, member by member.

A member of a vector that nothing here looked at fails the test too, so that new vectors cannot go unnoticed.
"""

import json
import pathlib
import sys

import handshake
import keys
import packets
import signaling
import transfer
import trust
import wire
from keys import HI, LO

VECTORS = pathlib.Path(__file__).parent.parent / "PinholeCryptoTests" / "Vectors"
SIDES = (("lo", LO), ("hi", HI))


class Vector:
    """A JSON object that knows which of its members were looked at."""

    def __init__(self, value, place):
        self.value, self.place, self.seen = value, place, {}

    def __getitem__(self, name):
        if name not in self.seen:
            self.seen[name] = self._wrap(self.value[name], f"{self.place}.{name}")
        return self.seen[name]

    def _wrap(self, value, place):
        if isinstance(value, dict):
            return Vector(value, place)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [Vector(item, f"{place}[{i}]") for i, item in enumerate(value)]
        return value

    def bytes(self, name):
        return bytes.fromhex(self[name])

    def check(self, **members):
        """That each member is what this implementation makes of it."""
        for name, made in members.items():
            made = made.hex() if isinstance(made, (bytes, bytearray)) else made
            if self[name] != made:
                raise AssertionError(f"{self.place}.{name}:\n  vector {self[name]}\n  here   {made}")
            Vector.checked += 1

    def missed(self):
        for name in self.value:
            if name not in self.seen:
                yield f"{self.place}.{name}"
                continue
            child = self.seen[name]
            for item in child if isinstance(child, list) else [child]:
                if isinstance(item, Vector):
                    yield from item.missed()

    checked = 0


def load(name):
    value = json.loads((VECTORS / name).read_text())
    return Vector({"cases": value} if isinstance(value, list) else value, name)


def check_identity(vector):
    identity = keys.Identity(vector.bytes("seed"))
    vector.check(
        public=identity.public, text=identity.text, secret_text=keys.bech32m("pin-secret-", identity.seed).upper(),
        curve_secret=identity.curve_secret, curve_public=keys.curve_public(identity.public))
    assert keys.unbech32m("pin", vector["text"]) == identity.public
    assert keys.open_key_file("# mine\n\n" + vector["secret_text"]).seed == identity.seed
    return identity


def check_keys():
    vector = load("keys.json")
    one, other = [check_identity(v) for v in vector["identities"]]
    pair = keys.Pair(one, other.public)
    vector.check(safety_number=pair.safety_number(), safety_words=trust.safety_words(pair))
    for case in vector["bip39"]:
        case.check(words=trust.bip39(case.bytes("entropy")))
    assert keys.openssh_key(vector["openssh"]) == one.public
    file = vector["key_file"]
    text, passphrase = file["text"], file["passphrase"].encode()
    assert keys.open_key_file(text, passphrase).seed == one.seed
    data = keys.unbech32m("pin-sealed-", text)
    file.check(salt=data[41:57], nonce=data[57:81], passes=int.from_bytes(data[1:5], "big"),
               memory_kib=int.from_bytes(data[5:9], "big"))
    for case in vector["blake2b"]:
        case.check(hash=keys.blake2b_256(case.bytes("input")))
    return [vector]


def make_attempt(side):
    attempt = handshake.Attempt(
        side["timestamp"], 0, side.bytes("intro_id"), secret=side.bytes("ephemeral_secret"),
        scid=side.bytes("connection_id"))
    head = handshake.Plaintext.make(
        attempt.plaintext.ephemeral, side["timestamp"], 0, side.bytes("intro_id"), side["versions"])
    attempt.plaintext = head
    side.check(ephemeral_public=head.ephemeral, plaintext=head.data)
    return attempt


def check_hello(case, side, attempt, pair, receiver, jar):
    """What one side says before the keys, read by the other."""
    source = ("192.0.2.7", 40000)
    case.check(cookie_source="192.0.2.7:40000", cookie_source_bytes=wire.address_bytes(source),
               cookie=jar.cookie(source))
    hello = attempt.hello(pair, True, side.bytes("hello_salt"))
    key = keys.concat_kdf(pair.k_hello[pair.own], b"hello", b"", b"", side.bytes("hello_salt"), b"", 32)
    side.check(hello=hello, mac1=hello[224:240], hello_key=key, gate_key=handshake.gate_key(pair.other_public))
    assert handshake.has_valid_mac1(hello, receiver.identity.public)
    assert handshake.open_hello(hello, pair) is None, "reflected"
    scid, plaintext = handshake.open_hello(hello, receiver)
    assert (scid, plaintext.data) == (attempt.scid, attempt.plaintext.data)

    cookie = jar.answer(hello, source, side.bytes("cookie_nonce"))
    side.check(cookie_datagram=cookie, cookie_key=keys.sha256(b"pinhole/1 cookie" + pair.other_public))
    assert attempt.take_cookie(cookie, pair)
    again = attempt.hello(pair, True, side.bytes("hello_salt"))
    side.check(hello_with_cookie=again)
    assert jar.is_valid(again, source) and not jar.is_valid(hello, source)

    introduction = side.bytes("introduction")
    blob = attempt.blob(pair, introduction, side.bytes("blob_salt"))
    side.check(blob=blob, blob_key=keys.concat_kdf(
        pair.k_hello[pair.own], b"intro", b"", b"", side.bytes("blob_salt"), b"", 32))
    scid, plaintext, said = handshake.open_blob(blob, receiver)
    assert (scid, plaintext.data, said) == (attempt.scid, attempt.plaintext.data, introduction)


def check_handshake():
    vector = load("handshake.json")
    for case in vector["cases"]:
        identities = [check_identity(case[name]["identity"]) for name, _ in SIDES]
        psk = case.bytes("psk")
        pairs = [keys.Pair(identities[r], identities[1 - r].public, psk) for r in (LO, HI)]
        assert [pair.own for pair in pairs] == [LO, HI]
        for pair in pairs:
            case.check(ss=pair.ss, pair_key=pair.pk, hello_key_lo=pair.k_hello[LO], hello_key_hi=pair.k_hello[HI],
                       rendezvous_key=pair.k_rdv, beacon_key=pair.k_lan)
            for tag in case["tags"]:
                tag.check(tag=pair.tag(tag["day"]))
        sides = [case[name] for name, _ in SIDES]
        attempts = [make_attempt(side) for side in sides]
        for r in (LO, HI):
            jar = handshake.CookieJar(identities[1 - r].public, case.bytes("cookie_secret"))
            check_hello(case, sides[r], attempts[r], pairs[r], pairs[1 - r], jar)
        pairings = [
            handshake.Pairing(pairs[r], attempts[r], attempts[1 - r].scid, attempts[1 - r].plaintext)
            for r in (LO, HI)]
        for pairing in pairings:
            case.check(transcript_hash=pairing.th, session_id=pairing.sid, root_key=pairing.root)
        case.check(z=pairings[LO].z, version=min(a.plaintext.vmax for a in attempts))
        assert case["name"]
        for r in (LO, HI):
            check_side(sides[r], pairings[r], pairings[1 - r], r)
    return [vector]


def check_side(side, own, other, r):
    key, iv = own.hs[r]
    side.check(signature=own.signature(), handshake_key=key, handshake_iv=iv)
    assert other.verifies(side.bytes("signature")) and not own.verifies(side.bytes("signature"))
    for packet in side["handshake"]:
        packet.check(packet_number=own.attempt.next_pn)
        packet.check(datagram=own.seal(packet.bytes("frames"), packet["size"]))
        frames, whole = other.open(packet.bytes("datagram"))
        assert whole and frames == wire.read_frames(packet.bytes("frames"))
        assert other.open(packet.bytes("datagram")) is None, "a replay"
    epoch = packets.Epoch(0, own.th, own.root, own.u, own.v)
    side.check(traffic_key=epoch.keys[r][0], traffic_iv=epoch.keys[r][1], header_protection_key=epoch.keys[r][2])
    for packet in side["data"]:
        check_packet(packet, packet, epoch, r, own.peer_scid)


def check_packet(vector, packet, epoch, r, dcid):
    number, plaintext = packet["packet_number"], packet.bytes("plaintext")
    datagram = packets.protect(epoch.keys[r], dcid, epoch.index, number, plaintext)
    vector.check(datagram=datagram, mask=keys.header_mask(epoch.keys[r][2], datagram[13:29]))
    expected = None if number >= 1 << 62 else (number, plaintext)
    assert packets.unprotect(epoch.keys[r], epoch.index, datagram, number) == expected


def check_rekey():
    vector, handshakes = load("rekey.json"), load("handshake.json")
    for case, first in zip(vector["cases"], handshakes["cases"]):
        assert case["name"] == first["name"]
        epochs = []
        for name, r in SIDES:
            identity = keys.Identity(first[name]["identity"].bytes("seed"))
            other = keys.Identity(first[SIDES[1 - r][0]]["identity"].bytes("seed"))
            pair = keys.Pair(identity, other.public, first.bytes("psk"))
            attempts = [make_attempt(first[n]) for n, _ in SIDES]
            pairing = handshake.Pairing(pair, attempts[r], attempts[1 - r].scid, attempts[1 - r].plaintext)
            epochs.append(packets.Epochs(pairing, 0))
        for epoch in case["epochs"]:
            check_epoch(epoch, epochs, [first[SIDES[1 - r][0]].bytes("connection_id") for r in (LO, HI)])
    return [vector]


def check_epoch(vector, epochs, dcids):
    """One renewal between two sides, as rules 3 to 6 of §3.10 have it."""
    for (name, r), side in zip(SIDES, epochs):
        assert side.is_ready(2 * vector["epoch"])
        index, public = side.begin(vector[name].bytes("ephemeral_secret"))
        vector[name].check(ephemeral_public=public, rekey_frame=wire.epoch_frame(wire.REKEY, index, public))
    for (name, r), side in zip(SIDES, epochs):
        side.take_rekey(index, epochs[1 - r].own_public)
        index, signature = side.derive()
        vector[name].check(signature=signature, reauth_frame=wire.epoch_frame(wire.REAUTH, index, signature))
    for (name, r), side in zip(SIDES, epochs):
        assert not side.switch_if_due(0)
        side.take_reauth(index, vector[SIDES[1 - r][0]].bytes("signature"))
        side.prove()
        assert side.proven and not side.switch_if_due(0)
        side.reauth_acknowledged = True
        vector.check(epoch=side.next.index, transcript_hash=side.next.th, root_key=side.next.root)
        shared = keys.x25519(vector[name].bytes("ephemeral_secret"), epochs[1 - r].own_public or side.their_public)
        vector.check(ee=shared)
    for side in epochs:
        assert side.switch_if_due(2 * vector["epoch"])
    for (name, r), side in zip(SIDES, epochs):
        key, iv, hp = side.present.keys[r]
        vector[name].check(traffic_key=key, traffic_iv=iv, header_protection_key=hp)
        check_packet(vector[name], vector[name], side.present, r, dcids[r])
        epoch, number, _ = epochs[1 - r].unprotect(vector[name].bytes("datagram"), 0)
        epochs[1 - r].opened(epoch, number)
        assert epochs[1 - r].present is epoch
        epochs[1 - r].wipe_if_due(0, 1)
        epochs[1 - r].wipe_if_due(1, 1)
        assert epochs[1 - r].before is None


def check_signaling():
    vector = load("signaling.json")
    secret = vector.bytes("service_secret")
    service = keys.x25519_public(secret)
    vector.check(service_public=service, service_text=keys.bech32m("pinsrv", service),
                 service_secret_text=keys.bech32m("pinsrv-secret-", secret).upper())
    keyring = signaling.Keys(service, vector.bytes("ephemeral_secret"))
    vector.check(ephemeral_public=keyring.public, z=keyring.z, register_key=keyring.k_register,
                 challenge_key=keyring.k_challenge, registration_secret=keyring.rs)
    for case in vector["registers"]:
        tags = [(case.bytes("tag"), case["side"], case["watch"])]
        datagram = keyring.register(case.bytes("cookie"), case["token"] and case.bytes("token"), tags,
                                    case.bytes("nonce"))
        case.check(datagram=datagram, plaintext=keys.unseal(
            keyring.k_register, case.bytes("nonce"), datagram[:46], datagram[46:]))
    challenge = vector["challenge"]
    cookie, time, observed = keyring.open_challenge(challenge.bytes("datagram"))
    challenge.check(cookie=cookie, time=time, observed="%s:%d" % observed)
    plain = challenge.bytes("plaintext")
    assert challenge.bytes("datagram") == b"\xd2" + challenge.bytes("nonce") + keys.seal(
        keyring.k_challenge, challenge.bytes("nonce"), b"\xd2" + challenge.bytes("nonce"), plain)
    registration = keyring.registration(vector.bytes("registration"))
    (c2s_key, c2s_iv), (s2c_key, s2c_iv) = registration
    vector.check(c2s_key=c2s_key, c2s_iv=c2s_iv, s2c_key=s2c_key, s2c_iv=s2c_iv)
    for name, kind, keyed in (("client", 0xD3, registration[0]), ("server", 0xD4, registration[1])):
        for case in vector[name]:
            number = case["packet_number"]
            sealed = signaling.seal_packet(kind, vector.bytes("registration"), number, keyed, case.bytes("frames"))
            case.check(datagram=sealed)
            assert signaling.open_packet(sealed, keyed, 0) == (number, case.bytes("frames"))
    return [vector]


def check_beacon():
    vector = load("beacon.json")
    lo, hi = sorted((keys.Identity(vector.bytes(n)) for n in ("lo_seed", "hi_seed")), key=lambda i: i.public)
    pair, nonce, epoch = keys.Pair(lo, hi.public), vector.bytes("nonce"), vector["epoch"]
    for case in vector["cases"]:
        host, _, port = case["sender"].rpartition(":")
        role = LO if case["sender_role"] == "lo" else HI
        address = wire.address_bytes((host.strip("[]"), int(port)))
        entry = pair.beacon_entry(role, epoch, nonce, address, case["flags"])
        label = b"beacon " + keys.ROLE[role]
        case.check(entry=entry, key=keys.concat_kdf(pair.k_lan, label, b"", b"", keys.be32(epoch), b"", 32))
        beacon = case.bytes("beacon")
        assert beacon[:18] == b"\xc4\x01" + nonce and entry in [beacon[i:i + 8] for i in range(18, len(beacon), 8)]
    return [vector]


def check_files():
    vector = load("files.json")
    for case in vector["cases"]:
        offer = transfer.Offer(case.bytes("offer"))
        hashes = transfer.Hashes(case.bytes("sender"), case.bytes("receiver"), offer.record)
        manifest = case.bytes("manifest")
        case.check(transfer=offer.transfer, name=offer.name, content_size=offer.content, total_size=offer.total,
                   key=hashes.key)
        entries = transfer.read_manifest(manifest, offer)
        content = manifest
        for data in case["data"]:
            start, size = data["start"], data["size"]
            content += bytes((start + i) & 0xFF for i in range(size))
        groups = [content[i:i + transfer.GROUP] for i in range(0, len(content), transfer.GROUP)]
        leaves = [hashes.leaf(i, group) for i, group in enumerate(groups)]
        assert offer.groups == len(groups)
        digests = [hashes.digest(leaves[:count]).hex() for count in range(len(leaves) + 1)]
        last = keys.be32(1) + keys.be32(len(entries) - 1)
        case.check(leaves=[leaf.hex() for leaf in leaves], digests=digests, tree=hashes.tree(leaves),
                   root=hashes.root(leaves, bytes(4)), root_when_the_last_changed=hashes.root(leaves, last))
    return [vector]


def check_invites():
    vector = load("invite.json")
    for case in vector["cases"]:
        inviter, invited = check_identity(case["inviter"]), check_identity(case["invited"])
        invite = trust.Invite(case["text"])
        assert invite.inviter == inviter.public and invite.is_for(invited.public) and case["title"]
        assert invite.is_for(inviter.public) == (not invite.binding)
        case.check(secret=invite.secret, expiry=invite.expiry, binding=invite.binding, name=invite.name,
                   content=invite.content, signature=invite.signature, guest_seed=invite.guest.seed,
                   guest_public=invite.guest.public, verdict_waiting=b"\2\1")
        said = case.bytes("introduction")[97:]
        trust.read_name_and_places(wire.Reader(said))
        record = invite.introduction(invited, case.bytes("session"), said)
        case.check(introduction=record, proof=record[33:97])
    return [vector]


def check_twin():
    vector = load("twin.json")
    twin, nonce, epoch = trust.Twin(keys.Identity(vector.bytes("seed"))), vector.bytes("beacon_nonce"), vector["epoch"]
    host, _, port = vector["sender"].rpartition(":")
    instance, challenge, echo, side = twin.open_blob(vector.bytes("blob"))
    vector.check(
        twin_key=twin.key, blob_key=twin.blob_key, instance=keys.be64(instance), challenge=keys.be64(challenge),
        echo=keys.be64(echo), side=side, beacon_key=twin.beacon_key(epoch),
        entry=twin.beacon_entry(epoch, nonce, (host, int(port))))
    for case in vector["tags"]:
        case.check(tag=twin.tag(case["day"]))
    return [vector]


def check_worked_example():
    """§ Key derivation"""
    z = bytes.fromhex("f4e53873206ff200db89581a65bd248c269017d8721a32567229137ddae036d3")
    tag = keys.concat_kdf(z, b"tag", b"", b"", keys.be32(20000), b"", 16)
    assert tag.hex() == "d2ab869c9aad70a74dc32a6423be0c73"
    return []


def main():
    checks = (check_worked_example, check_keys, check_handshake, check_rekey, check_signaling, check_beacon,
              check_files, check_invites, check_twin)
    missed = []
    for check in checks:
        for vector in check():
            missed += vector.missed()
    read = {path.name for path in VECTORS.glob("*.json")}
    unread = read - {"keys.json", "handshake.json", "rekey.json", "signaling.json", "beacon.json", "files.json",
                   "invite.json", "twin.json"}
    if missed or unread:
        sys.exit("never looked at: " + ", ".join(sorted([*missed, *unread])))
    print(f"{Vector.checked} members of {len(read)} files are as the vectors say")


if __name__ == "__main__":
    main()
