import CLab
import Glibc

/// System tools that run to their end: `ip`, `nft`, `conntrack`.
enum Tool {
    static func ip(_ arguments: [String]) throws(LabError) { try run("ip", arguments) }

    /// Runs a tool in the calling thread's namespace and returns what it printed; a failure is an error with its words.
    @discardableResult
    static func run(_ name: String, _ arguments: [String], input: String = "") throws(LabError) -> String {
        guard let path = path(of: name) else { throw LabError("\(name) is not installed") }
        let program = try Program(path, arguments, named: name)
        program.write(input)
        program.closeInput()
        let reactor = Reactor([program])
        let status = try reactor.exitStatus(of: program, within: .seconds(20))
        guard status == .exited(0) else {
            throw LabError("\(name) \(arguments.joined(separator: " ")): \(status): \(program.errors.text)")
        }
        return program.output.text
    }

    /// Where a tool is; root's directories are searched even when PATH lacks them.
    static func path(of name: String) -> String? {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
