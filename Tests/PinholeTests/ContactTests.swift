import PinholeCrypto
import PinholeWire
import Testing

@testable import Pinhole

@Suite("contacts as text")
struct ContactTests {
    @Test("who prints a contact, or an invite that is no link, shows no secret")
    func secrets() {
        let secret = [UInt8](repeating: 0xa7, count: 32)
        let contact = Contact(name: "bob", key: Identity.generate().publicKey, presharedKey: secret)
        var dumped = ""
        dump(contact, to: &dumped)
        for text in ["\(contact)", "\([contact])", String(reflecting: contact), dumped] {
            #expect(text.contains("bob") && !text.contains("167, 167"), "\(text)")
        }
        let invite = Invite.make(by: .generate(), expiry: .max, for: nil, name: "Alice", places: [])
        var shown = ""
        dump(invite, to: &shown)
        let bytes = "\(invite.content.secret)"
        for text in ["\(invite)", "\(invite.content)", String(reflecting: invite), shown] {
            #expect(!text.contains(bytes) && !text.contains(invite.text), "\(text)")
        }
    }
}
