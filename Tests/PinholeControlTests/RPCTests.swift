import Pinhole
import Testing

@testable import PinholeControl

@Suite("JSON-RPC 2.0")
struct RPCTests {
    /// A line, and the code of the error that answers it.
    static let malformed: [(String, Int64)] = [
        ("nonsense", -32_700), ("{\"jsonrpc\": \"2.0\", \"method\"", -32_700), ("\u{0}", -32_700),
        ("\"\\ud800\"", -32_700),
        ("[]", -32_600), ("7", -32_600), ("{}", -32_600), ("null", -32_600),
        ("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"status\"}", -32_600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32_600),
        ("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"status\"}", -32_600),
        ("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"status\"}", -32_600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":\"x\"}", -32_600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", -32_601),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"net.ping\"}", -32_602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"net.ping\",\"params\":[\"bob\"]}", -32_602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"net.ping\",\"params\":{\"contact\":7}}", -32_602),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"net.ping\",\"params\":{\"contact\":\"bob\",\"tmeout\":7}}",
            -32_602
        ),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"net.check\",\"params\":{\"stage\":\"some\"}}", -32_602),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.send\",\"params\":{\"to\":\"eve\",\"text\":\"x\"}}", 64
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.send\",\"params\":{\"to\":\"bob\",\"text\":\"\"}}", 64
        ),
        (String(repeating: "[", count: 100_000), -32_700),
        (String(repeating: "{\"a\":", count: 50_000) + "1" + String(repeating: "}", count: 50_000), -32_700),
    ]

    @Test("what is wrong with a line is said in the specification's words, and the next is answered")
    func errors() async throws {
        try await Person().withWire { wire, _ in
            for (line, code) in Self.malformed {
                let answer = try await wire.ask(line)
                #expect(answer?["error"]?["code"]?.whole == code, "\(line.prefix(80)): \(answer?.line ?? "nothing")")
                #expect(answer?["jsonrpc"] == "2.0")
                #expect(answer?["result"] == nil)
            }
            _ = try await wire.call("status")
        }
    }

    @Test("numbers that make no sense are refused, and nobody's node ends by them")
    func impossible() async throws {
        try await Person().withWire { wire, _ in
            for (method, params) in [
                ("message.unread", #"{"limit":-1}"#), ("message.unread", #"{"limit":-9223372036854775808}"#),
                ("history.page", #"{"search":"x","before":-9223372036854775808}"#),
                ("history.page", #"{"until":"2147483647-01-01T00:00:00.000Z"}"#),
                ("history.purge", #"{"until":"2147483647-01-01T00:00:00.000Z"}"#),
                ("history.page", #"{"until":"584556019-04-03T14:25:51.999Z"}"#), ("history.page", #"{"limit":0}"#),
                ("events.next", #"{"limit":-9223372036854775808}"#),
            ] {
                let line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\",\"params\":\(params)}"
                let answer = try await wire.ask(line)
                #expect(answer?["error"]?["code"]?.whole == 64, "\(line)")
            }
        }
    }

    @Test("the id comes back as it was", arguments: ["1", "-7", "\"a b\"", "null", "9007199254740993"])
    func ids(id: String) async throws {
        try await Person().withWire { wire, _ in
            let answer = try await wire.ask("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"contact.list\"}")
            #expect(answer?["id"]?.line == id)
            #expect(answer?["result"]?["contacts"]?.elements?.count == 1)
        }
    }

    @Test("a batch is answered by one array, without its notifications; one of notifications by nothing")
    func batches() async throws {
        try await Person().withWire { wire, _ in
            let call = "\"jsonrpc\":\"2.0\",\"method\":\"contact.list\""
            await wire.send("[{\(call)},{\(call)}]")
            let answer = try await wire.ask("[{\(call),\"id\":1},{\(call)},{\(call),\"id\":2},5]")
            let answers = try #require(answer?.elements)
            #expect(answers.map { $0["id"]?.line } == ["1", "2", "null"])
            #expect(answers[2]["error"]?["code"] == -32_600)
            let many = "[" + Array(repeating: "{\(call)}", count: ControlLimits.batch + 1).joined(separator: ",") + "]"
            let refusal = try await wire.ask(many)
            #expect(refusal?["error"]?["code"] == -32_600)
        }
    }

    @Test("of a batch whose answers are too long together, those that have room come, and each other is an error")
    func longBatches() async throws {
        try await Person().withWire { wire, _ in
            let text = String(repeating: "x", count: 65_000)
            for _ in 0..<14 { _ = try await wire.call("message.send", ["to": "bob", "text": .string(text)]) }
            let page = #""jsonrpc":"2.0","method":"history.recent","params":{"contact":"bob","limit":14}"#
            let list = #""jsonrpc":"2.0","method":"contact.list""#
            let answer = try await wire.ask(
                "[{\(page),\"id\":1},{\(page),\"id\":2},{\(page),\"id\":3},{\(page),\"id\":4},{\(list),\"id\":5}]")
            let answers = try #require(answer?.elements)
            #expect(answers.map { $0["id"]?.whole } == [1, 2, 3, 4, 5])
            // Who is first to be done is not said.
            let pages = answers.prefix(4)
            #expect(pages.count { $0["error"]?["code"]?.whole == 65 } == 2)
            #expect(pages.count { $0["result"]?["messages"]?.elements?.count == 14 } == 2)
            #expect(answers[4]["result"] != nil)
            #expect((answer?.line.utf8.count ?? 0) < ControlLimits.answer)
        }
    }

    @Test("an error of Pinhole carries the exit code, the kind and the hint")
    func ownErrors() async throws {
        try await Person().withWire { wire, _ in
            let answer = try await wire.ask(
                #"{"jsonrpc":"2.0","id":1,"method":"net.ping","params":{"contact":"eve"}}"#)
            let error = try #require(answer?["error"])
            #expect(error["code"] == 64)
            #expect(error["data"]?["exitCode"] == 64)
            #expect(error["data"]?["code"] == "usage")
            #expect(error["data"]?["hint"]?.text == "your contacts: bob")
        }
    }

    @Test("a line of any length is either read, or refused with a reason and the end of the connection")
    func longLines() async throws {
        try await Person().withWire { wire, _ in
            let text = String(repeating: "x", count: 65_536)
            let sent = try await wire.call("message.send", ["to": "bob", "text": .string(text)])
            #expect(sent["state"] == "queued")
            let tooLong = String(repeating: "x", count: ControlLimits.line + 1)
            let answer = try await wire.ask(tooLong)
            #expect(answer?["error"]?["code"] == -32_600)
            let goodbye = try await wire.line()
            #expect(goodbye?["method"] == "disconnected")
            let end = try await wire.line()
            #expect(end == nil)
        }
    }

    @Test("an answer that would be too long is an error, and not the end")
    func longAnswers() async throws {
        try await Person().withWire { wire, _ in
            let text = String(repeating: "x", count: 65_000)
            for _ in 0...(ControlLimits.answer / 65_000) {
                _ = try await wire.call("message.send", ["to": "bob", "text": .string(text)])
            }
            let answer = try await wire.ask(
                #"{"jsonrpc":"2.0","id":7,"method":"history.recent","params":{"contact":"bob","limit":1000}}"#)
            #expect(answer?["id"] == 7)
            #expect(answer?["error"]?["code"] == 65)
            _ = try await wire.call("history.recent", ["contact": "bob", "limit": 3])
        }
    }

    @Test("calls that were sent before the end of input are answered after it")
    func endOfInput() async throws {
        try await Person().withWire { wire, _ in
            await wire.send(#"{"jsonrpc":"2.0","id":1,"method":"contact.list"}"#)
            wire.finishSending()
            let answer = try await wire.line()
            #expect(answer?["id"] == 1)
            let end = try await wire.line()
            #expect(end == nil)
        }
    }

    @Test("a call that is too long for a line is refused before it leaves, and others follow it")
    func longCall() async throws {
        let person = try Person()
        try await person.withWire { _, _ in
            let connection = try #require(await ClientConnection.open(person.socket))
            let text = String(repeating: "x", count: ControlLimits.line)
            var code: Int64?
            do {
                _ = try await connection.call("message.send", ["to": "bob", "text": .string(text)])
            } catch ClientConnection.CallError.failed(let failure) {
                code = failure.code
            }
            #expect(code == 64)
            let contacts = try await connection.call("contact.list", .null)["contacts"]?.elements
            #expect(contacts?.count == 1)
            connection.close()
        }
    }

    @Test("messages that were sent without waiting for answers keep their order")
    func order() async throws {
        try await Person().withWire { wire, _ in
            for number in 0..<50 {
                await wire.send(
                    #"{"jsonrpc":"2.0","method":"message.send","params":{"to":"bob","text":"\#(number)"}}"#)
            }
            let history = try await wire.call("history.recent", ["contact": "bob", "limit": 100])
            let texts = history["messages"]?.elements?.compactMap { $0["text"]?.text }
            #expect(texts == (0..<50).map(String.init))
        }
    }

    @Test("a call that waits does not keep the next one waiting")
    func waiting() async throws {
        try await Person().withWire { wire, _ in
            await wire.send(
                #"{"jsonrpc":"2.0","id":"slow","method":"events.next","params":{"wait":3600}}"#)
            let quick = try await wire.ask(#"{"jsonrpc":"2.0","id":"quick","method":"contact.list"}"#)
            #expect(quick?["id"] == "quick")
        }
    }
}
