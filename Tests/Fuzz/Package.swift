// swift-tools-version: 6.2
import PackageDescription

/// The targets look at the project's insides; see Tests/Bench/Package.swift.
let project = Context.packageDirectory.split(separator: "/").dropLast(2).last.map { $0.lowercased() } ?? "pinhole"

let package = Package(
    name: "PinholeFuzz",
    dependencies: [.package(path: "../..")],
    targets: [
        .executableTarget(
            name: "fuzz-target",
            dependencies: [
                .product(name: "PinholeCLI", package: project), .product(name: "PinholeControl", package: project),
                .product(name: "Signaling", package: project),
            ],
            path: ".", exclude: ["Corpus", "Replay", "run"], sources: ["Targets", "Fuzzer"],
            packageAccess: false,
            swiftSettings: [
                .enableUpcomingFeature("MemberImportVisibility"), .enableExperimentalFeature("Lifetimes"),
                .unsafeFlags(["-package-name", project, "-sanitize=fuzzer"]),
            ],
            // The fuzzer's runtime comes with a main of its own.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-Xlinker", "-z", "-Xlinker", "muldefs"])])
    ],
    swiftLanguageModes: [.v6]
)
