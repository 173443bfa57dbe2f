// swift-tools-version: 6.2
import PackageDescription

/// What the fuzzer learns to have been run it reads after each input: only the project's own code, and not that of others,
/// says so (`Tests/Fuzz/run`).
let fuzzed: [SwiftSetting] =
    Context.environment["PINHOLE_FUZZ"] == nil ? [] : [.unsafeFlags(["-sanitize=fuzzer"])]

/// Every target is held to the same strictness.
let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + fuzzed

/// Readers over borrowed bytes (`~Escapable`) need lifetime annotations.
let lifetimes: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]

/// The rooms that the network's bytes reach first hold no unsafe operation that is not marked.
let safe: [SwiftSetting] = lifetimes + [.strictMemorySafety()]

let package = Package(
    name: "Pinhole",
    products: [
        .library(name: "Pinhole", targets: ["Pinhole"]),
        .executable(name: "pinhole", targets: ["PinholeProgram"]),
        .executable(name: "pinhole-signaling", targets: ["pinhole-signaling"]),
        .library(name: "PinholeCLI", targets: ["PinholeCLI"]),
        .library(name: "PinholeControl", targets: ["PinholeControl"]),
        .library(name: "Signaling", targets: ["Signaling"]),
        .library(name: "LinkEmulator", targets: ["CEmulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .target(name: "PinholeWire", swiftSettings: safe),
        .target(name: "PinholeCrypto", dependencies: ["CSodium", "PinholeWire"], swiftSettings: lifetimes),
        .target(name: "PinholeCore", dependencies: ["PinholeCrypto", "PinholeWire"], swiftSettings: safe),
        .target(name: "CDatagram"),
        .target(
            name: "CPortMapping",
            linkerSettings: [.linkedLibrary("natpmp"), .linkedLibrary("miniupnpc")]),
        .target(
            name: "Pinhole",
            dependencies: [
                "PinholeCore", "PinholeCrypto", "PinholeWire", "CDatagram", "CPortMapping", "CUTF8Proc",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: lifetimes),
        .target(
            name: "PinholeControl",
            dependencies: [
                "Pinhole",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: lifetimes),
        .target(name: "CConfiguration"),
        .target(name: "TOMLSettings", dependencies: ["CConfiguration"], swiftSettings: lifetimes),
        .target(name: "CProcess"),
        .target(
            name: "Signaling",
            dependencies: ["PinholeCrypto", "PinholeWire", "CConfiguration", "CDatagram", "TOMLSettings"],
            path: "signaling", exclude: ["Executable"], swiftSettings: lifetimes),
        .executableTarget(
            name: "pinhole-signaling", dependencies: ["Signaling"], path: "signaling/Executable",
            swiftSettings: lifetimes),
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .target(
            name: "PinholeCLI",
            dependencies: [
                "Pinhole", "PinholeControl", "PinholeCrypto", "PinholeWire", "Signaling", "CProcess", "CQREncode",
                "CUTF8Proc", "TOMLSettings",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Executable"], swiftSettings: lifetimes),
        .executableTarget(
            name: "PinholeProgram", dependencies: ["PinholeCLI"], path: "Sources/PinholeCLI/Executable",
            swiftSettings: lifetimes),
        .target(
            name: "TestSupport", dependencies: ["CProcess"], path: "Tests/TestSupport", swiftSettings: strict),
        .target(name: "TestThreads", path: "Tests/TestThreads", swiftSettings: strict),
        .target(
            name: "Simulator",
            dependencies: ["CSodium", "PinholeCore", "PinholeCrypto", "PinholeWire", "Signaling", "TestSupport"],
            path: "Tests/Simulator", exclude: ["Executable"], swiftSettings: lifetimes),
        .executableTarget(
            name: "simulator",
            dependencies: ["Simulator", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Simulator/Executable", swiftSettings: strict),
        .testTarget(name: "PinholeWireTests", dependencies: ["PinholeWire", "TestSupport"], swiftSettings: lifetimes),
        .testTarget(
            name: "PinholeCryptoTests", dependencies: ["PinholeCrypto", "PinholeWire", "TestSupport"],
            resources: [.copy("Vectors")], swiftSettings: lifetimes),
        .testTarget(
            name: "PinholeCoreTests",
            dependencies: ["PinholeCore", "PinholeCrypto", "PinholeWire", "Signaling", "Simulator", "TestSupport"],
            swiftSettings: lifetimes),
        .testTarget(
            name: "SimulatorTests", dependencies: ["PinholeCore", "PinholeWire", "Simulator"],
            swiftSettings: lifetimes),
        .target(name: "CCrashDisk", path: "Tests/CCrashDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "PinholeTests",
            dependencies: [
                "CCrashDisk", "Pinhole", "PinholeCore", "PinholeCrypto", "PinholeWire", "CDatagram", "Simulator",
                "TestSupport", "TestThreads",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: lifetimes),
        .testTarget(
            name: "Examples",
            dependencies: [
                "Pinhole", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(name: "Documents", path: "Tests/Documents", swiftSettings: strict),
        .testTarget(
            name: "PinholeControlTests",
            dependencies: [
                "Pinhole", "PinholeControl", "PinholeWire", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: lifetimes),
        .testTarget(
            name: "Transcripts",
            dependencies: [
                "Pinhole", "PinholeCLI", "PinholeControl", "PinholeProgram", "TestSupport", "TestThreads",
                "pinhole-signaling", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.copy("Sessions")], swiftSettings: lifetimes),
        .target(name: "CEmulator", path: "Tests/CEmulator"),
        .executableTarget(
            name: "link-emulator", dependencies: ["CEmulator"], path: "Tests/Emulator", swiftSettings: strict),
        .testTarget(name: "EmulatorTests", dependencies: ["CEmulator"], swiftSettings: strict),
        .target(name: "CLab", path: "Tests/CLab"),
        .testTarget(
            name: "Lab",
            dependencies: [
                "CEmulator", "CLab", "CSodium", "Pinhole", "PinholeCrypto", "PinholeWire", "PinholeProgram",
                "Simulator",
                "TestSupport",
                "pinhole-signaling", "link-emulator",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Pinhole", "PinholeCLI", "PinholeControl", "PinholeCore", "PinholeCrypto", "PinholeWire", "Signaling",
                "TestSupport",
            ],
            path: "Tests/Fuzz", exclude: ["Fuzzer", "Package.swift", "run"],
            sources: ["Replay", "Targets"],
            resources: [.copy("Corpus")], swiftSettings: lifetimes),
        .testTarget(
            name: "SignalingTests",
            dependencies: [
                "Signaling", "pinhole-signaling", "PinholeCrypto", "PinholeWire", "TestSupport", "TestThreads",
            ],
            swiftSettings: lifetimes),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
