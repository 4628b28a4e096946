// Memory and descriptors stay flat whatever the peer does, and everything is given back.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import TestSupport
import Testing

@Suite(.serialized)
struct ResourceTests {
    /// Bytes that a thousand rounds may add: proton's pools and hash tables find their size slowly.
    static let heapGrowthMax = 64 * 1024

    @Test("2,000 refused links leave nothing behind")
    func refusedLinks() throws {
        try expectFlat("links", count: 2000, peer: refusing)
    }

    @Test("1,000 lost links with deliveries in doubt and in the queue leave nothing behind")
    func lostLinks() throws {
        try expectFlat("links", count: 1000, peer: losingLinks)
    }

    @Test("100,000 settled messages leave nothing behind")
    func settledMessages() throws {
        try expectFlat("settled-messages", count: 2000, peer: takingSettled)
    }

    @Test("1,000 lost links with settled deliveries in the queue leave nothing behind")
    func lostSettledLinks() throws {
        try expectFlat("settled-links", count: 1000, peer: losingLinks)
    }

    @Test("1,000 ended sessions with deliveries in doubt leave nothing behind")
    func endedSessions() throws {
        try expectFlat("sessions", count: 1000, peer: endingSessions)
    }

    @Test("1,000 sessions that were given up with their links leave nothing behind")
    func givenUpSessions() throws {
        try expectFlat("given-up-sessions", count: 1000, peer: answeringBegins)
    }

    @Test("1,000 connections to a peer that never answers leave nothing behind")
    func silentPeer() throws {
        try expectFlat("silence", count: 1000, connectionCount: 1000) { try $0.drain() }
    }

    @Test("without a thread there is no container, and no more than that happens")
    func noThreads() throws {
        let (status, output) = try exercise("no-threads", port: 1, count: 1)
        #expect(status == 2)
        #expect(output == "make: status \(cshim_status_t.protonError.rawValue)\n")
    }

    @Test(
        "valgrind finds no error and no leak",
        .enabled(if: Valgrind.isUsable, "no valgrind here, or a sanitizer"),
        arguments: Valgrind.scenarios)
    func valgrind(_ scenario: Valgrind.Scenario) throws {
        let peer = try Peer(connectionCountMax: scenario.connectionCount, scenario.peer)
        let (status, output) = try exercise(
            scenario.name, port: peer.port, count: scenario.count, under: Valgrind.command)
        try #require(status == 0, "\(output)")
        try peer.finish()
    }

    private func expectFlat(
        _ scenario: String, count: Int, connectionCount: Int = 1,
        peer script: @escaping @Sendable (PeerConnection) throws -> Void
    ) throws {
        let peer = try Peer(connectionCountMax: connectionCount, script)
        let (status, output) = try exercise(scenario, port: peer.port, count: count)
        try #require(status == 0, "\(output)")
        try peer.finish()
        let measured = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        try #require(measured.count == 4, "\(output)")
        #expect(measured[2] - measured[0] < Self.heapGrowthMax)
        #expect(abs(measured[3] - measured[1]) <= 2)
    }
}

enum Valgrind {
    static let path = "/usr/bin/valgrind"
    /// A program that is built with a sanitizer does not run under valgrind.
    static let isUsable =
        FileManager.default.isExecutableFile(atPath: path)
        && dlsym(nil, "__asan_init") == nil && dlsym(nil, "__tsan_init") == nil
    static let command = [
        path, "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect",
        "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99",
    ]

    struct Scenario: Sendable, CustomTestStringConvertible {
        let name: String
        let count: Int
        var connectionCount = 1
        let peer: @Sendable (PeerConnection) throws -> Void
        var testDescription: String { name }
    }

    static let scenarios =
        [
            Scenario(name: "messages", count: 200, peer: accepting),
            Scenario(name: "links", count: 20, peer: refusing),
            Scenario(name: "links", count: 20, peer: losingLinks),
            Scenario(name: "settled-messages", count: 20, peer: takingSettled),
            Scenario(name: "settled-links", count: 20, peer: losingLinks),
            Scenario(name: "sessions", count: 20, peer: endingSessions),
            Scenario(name: "given-up-sessions", count: 20, peer: answeringBegins),
            Scenario(name: "silence", count: 20, connectionCount: 20) { try $0.drain() },
        ]
        + SecondOpening.allCases.map {
            Scenario(name: "broken-off", count: 3, connectionCount: 3, peer: $0.play)
        }
}

/// Runs the C program beside the tests and waits for its end.
private func exercise(
    _ scenario: String, port: UInt16, count: Int, under command: [String] = []
) throws -> (status: Int32, output: String) {
    let program = Places.products.appending(path: "cshim-exercise").path
    let ended = try ChildProcess.run(command + [program, scenario, "\(port)", "\(count)"])
    return (ended.status, ended.output + ended.errors)
}

// MARK: - Peers

/// Accepts whatever is sent, 50 messages at a time.
@Sendable
private func accepting(_ connection: PeerConnection) throws {
    try connection.acceptLink(credit: 50)
    var count: UInt32 = 0
    while let frame = try connection.read() {
        switch frame.performative {
        case .transfer:
            count += 1
            guard count % 50 == 0 else { continue }
            try connection.send(
                .disposition((count - 50)...(count - 1), .accepted),
                .flow(credit: 50, deliveryCount: count, nextIncomingID: count))
        case .close: return try connection.send(.close())
        default: break
        }
    }
}

/// Takes settled messages, 50 at a time, and says nothing about them.
@Sendable
private func takingSettled(_ connection: PeerConnection) throws {
    try connection.acceptLink(credit: 50)
    var count: UInt32 = 0
    while let frame = try connection.read() {
        switch frame.performative {
        case .transfer:
            count += 1
            guard count % 50 == 0 else { continue }
            try connection.send(
                .flow(credit: 50, deliveryCount: count, nextIncomingID: count))
        case .disposition: throw PeerError("a disposition of a settled message")
        case .close: return try connection.send(.close())
        default: break
        }
    }
}

/// Answers each attach without a target, and detaches.
@Sendable
private func refusing(_ connection: PeerConnection) throws {
    try answer(connection) { attach in
        let handle = UInt32(attach[1].number ?? 0)
        try connection.send(
            .attach(answering: attach, hasTarget: false),
            .detach(handle: handle, name: "qd:no-route-to-dest", on: attach.channel))
    }
}

/// Lets two of three messages in, and detaches the link with them.
@Sendable
private func losingLinks(_ connection: PeerConnection) throws {
    var receivedCount: UInt32 = 0
    var handle: UInt32 = 0
    try answer(connection) { attach in
        handle = UInt32(attach[1].number ?? 0)
        try connection.send(
            .attach(answering: attach),
            .flow(credit: 3, handle: handle, nextIncomingID: receivedCount, incomingWindow: 2))
    } transfer: {
        receivedCount += 1
        if receivedCount % 2 == 0 { try connection.send(.detach(handle: handle, closed: false)) }
    }
}

/// Ends the session after the third message.
@Sendable
private func endingSessions(_ connection: PeerConnection) throws {
    var receivedCount = 0
    var channel: UInt16 = 0
    // Each end of the client's is an answer itself.
    try answer(connection, isEndAnswered: false) { attach in
        channel = attach.channel
        try connection.send(.attach(answering: attach), .flow(credit: 3, on: channel))
    } transfer: {
        receivedCount += 1
        if receivedCount % 3 == 0 { try connection.send(.end(on: channel)) }
    }
}

/// Opens no link, but keeps the client going by a begin for each begin and an end for each end.
@Sendable
private func answeringBegins(_ connection: PeerConnection) throws {
    try answer(connection) { attach in
        // Any event will do.
        try connection.send(.attach(answering: attach), .flow(credit: 1, on: attach.channel))
    }
}

/// Opens, answers begin, end and close, and leaves the rest to the closures.
private func answer(
    _ connection: PeerConnection, isEndAnswered: Bool = true,
    attach: (Frame) throws -> Void, transfer: () throws -> Void = {}
) throws {
    _ = try connection.greet()
    try connection.send(.open())
    while let frame = try connection.read() {
        switch frame.performative {
        case .begin: try connection.send(.begin(on: frame.channel))
        case .attach: try attach(frame)
        case .transfer: try transfer()
        case .end where isEndAnswered: try connection.send(.end(on: frame.channel))
        case .close: return try connection.send(.close())
        default: break
        }
    }
}
