import Glibc

let words = Array(CommandLine.arguments.dropFirst())
if let role = words.first.flatMap({ Role(rawValue: $0) }) { try role.play(Array(words.dropFirst())) }
if words.contains("--help") {
    say(usage)
    exit(0)
}
Directory.removeAllOnSignals()
// Who writes to a process that has ended hears of it where its last words are read.
signal(SIGPIPE, SIG_IGN)
do {
    let options = try Options(words)
    var figure = Figure()
    for part in options.parts {
        do {
            try part.run(options, &figure)
        } catch {
            say("\n\(part.rawValue) could not be measured: \(error)")
        }
    }
    if !figure.plots.isEmpty {
        let path = options.plot ?? "\(CommandLine.arguments[0]).svg"
        say(SVG(figure).write(to: path) ? "\nplots: \(path)" : "\nno plots: \(path) cannot be written")
    }
} catch {
    say("error: \(error)\n\(usage)")
    exit(64)
}

private var usage: String {
    """
    usage: pinhole-bench [PART …] [--quick] [--rounds N] [--seconds S] [--sessions N] [--plot FILE.svg]

    Measures Pinhole on this machine, each figure against a bound that is measured in turns with it. Build it
    with -c release, and let nothing else run. As root it uses network namespaces of its own. All parts:

    """ + Part.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n")
}
