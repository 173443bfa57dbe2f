switch CommandLine.arguments.dropFirst().first {
case "signaling": try SignalingBench.run()
case ServiceProcess.word: try ServiceProcess.serve()
case _: print("usage: pinhole-bench signaling    (build with -c release)")
}
