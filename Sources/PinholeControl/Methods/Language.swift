package import Pinhole

extension Language: Codable {}

package enum RPCLanguage: Method {
    package struct Params: Codable, Sendable {
        let language: Language

        package init(_ language: Language) { self.language = language }
    }

    package static let name = "rpc.language"
    package static let summary = "Says in which language this connection wants sentences; the host's without it."
    package static let notes = ["language": "The language's code."]

    package static func run(_ params: Params, in call: Call) async throws(PinholeError) -> Nothing {
        call.caller?.speak(params.language)
        return Nothing()
    }
}
