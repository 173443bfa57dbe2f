let arguments = Array(CommandLine.arguments.dropFirst())
if let role = arguments.first.flatMap({ Role(rawValue: $0) }) {
    try role.play(Array(arguments.dropFirst()))
}
switch arguments.first {
case "signaling": try SignalingBench.run()
case ServiceProcess.word: try ServiceProcess.serve()
case "throughput": try Throughput.run(Options())
case _: print("usage: pinhole-bench signaling    (build with -c release)")
}
