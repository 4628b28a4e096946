// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0

// Without unsafe flags: SwiftPM refuses a dependency that has them. Warnings and the like are
// BUILD_FLAGS of the Makefile.
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Tests may import all of Foundation, which imports its parts.
let testSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "sender",
    products: [
        .executable(name: "sender", targets: ["sender"]),
        .library(name: "ReliableSender", targets: ["ReliableSender", "AMQP"]),
    ],
    targets: [
        // No pkgConfig: Debian's file for the C++ library names a package that Debian does not ship.
        // The C core is linked by the name that the C++ library loads: there must be one copy of it.
        .target(
            name: "CShim",
            path: "CShim",
            cxxSettings: [
                .define("CSHIM_TESTING", .when(configuration: .debug))
            ],
            linkerSettings: [
                .linkedLibrary("qpid-proton-cpp"),
                .linkedLibrary(":libqpid-proton-core.so.10"),
                .linkedLibrary(":libqpid-proton-proactor.so.1"),
                // Proton's TLS is OpenSSL, and it keeps to itself why a certificate is refused.
                .linkedLibrary("ssl"),
                .linkedLibrary("crypto"),
            ]
        ),
        .target(name: "AMQP", swiftSettings: swiftSettings),
        .target(name: "Proton", dependencies: ["CShim", "AMQP"], swiftSettings: swiftSettings),
        .target(name: "LinkRecovery", dependencies: ["AMQP"], swiftSettings: swiftSettings),
        .target(
            name: "ReliableSender", dependencies: ["Proton", "LinkRecovery", "AMQP"],
            swiftSettings: swiftSettings),
        .target(
            name: "SenderCommand", dependencies: ["ReliableSender", "AMQP"],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "sender", dependencies: ["SenderCommand"], swiftSettings: swiftSettings),
        // Programs against the library, for its documentation. Only what is public is theirs: a test builds
        // them in a package of their own.
        .executableTarget(
            name: "first-message", dependencies: ["ReliableSender"], path: "Examples/FirstMessage",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "order-service", dependencies: ["ReliableSender"], path: "Examples/OrderService",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "lost-link", dependencies: ["ReliableSender"], path: "Examples/LostLink",
            swiftSettings: swiftSettings),
        // The machines against a simulated peer.
        .target(
            name: "RecoverySimulation", dependencies: ["LinkRecovery", "AMQP"],
            path: "Tests/RecoverySimulation", exclude: ["README.md"],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "simulate", dependencies: ["RecoverySimulation"], path: "Tests/Simulate",
            swiftSettings: swiftSettings),
        // Processes, folders, ports and listeners of the tests.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swiftSettings),
        // A peer for the tests that is driven frame by frame and shares no code with proton.
        .target(
            name: "RawPeer", dependencies: ["TestSupport"], path: "Tests/RawPeer",
            swiftSettings: swiftSettings),
        // The client against peers of that kind that stray.
        .target(
            name: "PeerFuzz", dependencies: ["RawPeer", "ReliableSender", "LinkRecovery", "AMQP"],
            path: "Tests/PeerFuzz", swiftSettings: swiftSettings),
        .executableTarget(
            name: "fuzz-peer", dependencies: ["PeerFuzz", "TestSupport"], path: "Tests/FuzzPeer",
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "cshim-exercise", dependencies: ["CShim"], path: "Tests/CShimExercise"),
        // Proton's codec, without our shim.
        .target(
            name: "ProtonCodec", path: "Tests/ProtonCodec",
            linkerSettings: [.linkedLibrary(":libqpid-proton-core.so.10")]),
        .testTarget(
            name: "AMQPTests", dependencies: ["AMQP", "ProtonCodec", "RawPeer"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CShimTests",
            dependencies: ["CShim", "RawPeer", "TestSupport", "cshim-exercise"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ProtonTests", dependencies: ["Proton", "AMQP", "RawPeer"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ReliableSenderTests",
            dependencies: ["ReliableSender", "Proton", "AMQP", "RawPeer"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "LinkRecoveryTests",
            dependencies: ["AMQP", "LinkRecovery", "RecoverySimulation", "TestSupport"],
            swiftSettings: swiftSettings),
        // The executables are what is tested.
        .testTarget(
            name: "WholeProgramTests",
            dependencies: [
                "sender", "first-message", "order-service", "lost-link", "RawPeer", "TestSupport",
            ],
            swiftSettings: testSettings),
        .testTarget(
            name: "SenderCommandTests",
            dependencies: [
                "SenderCommand", "sender", "ReliableSender", "LinkRecovery", "AMQP", "CShim",
                "RawPeer",
                "PeerFuzz", "TestSupport",
            ],
            swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx17
)
