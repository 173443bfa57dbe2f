// swift-tools-version: 6.2
import PackageDescription

/// The benchmarks look at the project's insides, which have `package` access, so they are compiled under the name by
/// which SwiftPM knows the project: that of its directory.
let project = Context.packageDirectory.split(separator: "/").dropLast(2).last.map { $0.lowercased() } ?? "pinhole"

let package = Package(
    name: "PinholeBench",
    dependencies: [.package(path: "../..")],
    targets: [
        .target(name: "CBench", linkerSettings: [.linkedLibrary("sodium")]),
        .executableTarget(
            name: "pinhole-bench",
            dependencies: [
                "CBench", .product(name: "LinkEmulator", package: project), .product(name: "Pinhole", package: project),
                .product(name: "Signaling", package: project),
                // Not linked, but built beside the bench, which runs it.
                .product(name: "pinhole", package: project),
            ],
            packageAccess: false, swiftSettings: [.unsafeFlags(["-package-name", project])]),
    ],
    swiftLanguageModes: [.v6]
)
