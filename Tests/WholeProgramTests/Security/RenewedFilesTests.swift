// Files of secrets and certificates that change during a run.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import Synchronization
import TestSupport
import Testing

/// Initial responses that a peer was sent.
private final class Responses: Sendable {
    private let responses = Mutex<[[UInt8]]>([])

    var all: [[UInt8]] { responses.withLock { $0 } }

    /// Returns how many there are.
    func add(_ response: Value) -> Int {
        responses.withLock { responses in
            if case .binary(let bytes) = response { responses.append(bytes) }
            return responses.count
        }
    }
}

extension WholeProgram {
    @Suite("Renewed files", .serialized)
    struct RenewedFilesTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func write(_ secret: String, to file: URL) throws {
            let other = folder.file("new")
            try "\(secret)\n".write(to: other, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: other.path)
            // At once, as whoever renews a secret should.
            #expect(rename(other.path, file.path) == 0)
        }

        /// A peer that takes a message of the first connection, waits to be told to end it, and takes
        /// the other two of the second.
        private func peer(
            offering mechanism: String, _ shown: Responses, end: DispatchSemaphore
        ) throws -> Peer {
            try Peer(connectionCountMax: 2) { connection in
                let answer = try connection.authenticate(offering: mechanism)
                let number = shown.add(answer[1])
                try connection.acceptLinkBehindSASL(credit: number == 1 ? 1 : 2)
                try connection.expect(.transfer)
                guard number == 2 else {
                    try connection.send(.disposition(0...0, .accepted))
                    end.wait()
                    return
                }
                try connection.expect(.transfer)
                try connection.send(.disposition(0...1, .accepted))
                try connection.answerEnding()
            }
        }

        private static let tokens = (first: String(repeating: "a", count: 3000), second: "b.c")
        private static let responses: [(mechanism: String, start: String)] = [
            ("OAUTHBEARER", "n,,\u{1}"), ("XOAUTH2", "user=\u{1}"),
        ]

        @Test(
            "a token of any size is sent, and the one that the file has at each connect",
            arguments: responses)
        func token(_ mechanism: String, _ start: String) throws {
            let file = folder.file("token")
            try write(Self.tokens.first, to: file)
            let (shown, end) = (Responses(), DispatchSemaphore(value: 0))
            let peer = try peer(offering: mechanism, shown, end: end)
            let run = try SenderRun(
                port: Int(peer.port),
                options: [
                    "-m", "3", "-i", "0", "-r", "-s", "50", "--token-file", file.path,
                    "--trace-frames",
                ])
            try run.waitForAccepted(1)
            // While it can't be used, it is tried again.
            try FileManager.default.removeItem(at: file)
            end.signal()
            try run.process.waitForErrors("\" can't be read: No such file or directory")
            try write(Self.tokens.second, to: file)
            try run.expectAllAccepted(3)
            try peer.finish()
            let expected = [Self.tokens.first, Self.tokens.second].map {
                Array("\(start)auth=Bearer \($0)\u{1}\u{1}".utf8)
            }
            #expect(shown.all == expected)
            for token in [Self.tokens.first, Self.tokens.second] {
                #expect(!run.process.allOutput.contains(token))
            }
        }

        private static let expired = DeliveryState.rejected(
            name: "amqp:unauthorized-access", description: "the token has ended")

        /// A peer that accepts a message of its first connection and rejects the next as if the login had
        /// ended, and lets the script go on with the second.
        private func expiringPeer(
            _ shown: Responses, renewed: DispatchSemaphore,
            _ second: @escaping @Sendable (PeerConnection) throws -> Void
        ) throws -> Peer {
            try Peer(connectionCountMax: 2) { connection in
                let answer = try connection.authenticate(offering: "OAUTHBEARER")
                let number = shown.add(answer[1])
                try connection.acceptLinkBehindSASL(credit: 2)
                try connection.expect(.transfer)
                try connection.expect(.transfer)
                guard number == 1 else { return try second(connection) }
                try connection.send(.disposition(0...0, .accepted))
                renewed.wait()
                try connection.send(.disposition(1...1, Self.expired))
                try connection.answerEnding()
            }
        }

        @Test(
            "a token that ends while connected leads to another login, and its message is sent again"
        )
        func tokenEnds() throws {
            let file = folder.file("token")
            try write("first", to: file)
            let (shown, renewed) = (Responses(), DispatchSemaphore(value: 0))
            let peer = try expiringPeer(shown, renewed: renewed) { connection in
                try connection.send(.disposition(0...1, .accepted))
                try connection.answerEnding()
            }
            let run = try SenderRun(
                port: Int(peer.port),
                options: ["-m", "3", "-i", "0", "-r", "-s", "50", "--token-file", file.path])
            try run.waitForAccepted(1)
            try write("second", to: file)
            renewed.signal()
            try run.expectAllAccepted(3)
            run.expectErrors("login:expired: the peer no longer accepts the login")
            try peer.finish()
            #expect(
                shown.all
                    == ["first", "second"].map { Array("n,,\u{1}auth=Bearer \($0)\u{1}\u{1}".utf8) }
            )
        }

        @Test("a message that the new login does not help is rejected, and others are sent")
        func rejectedAgain() throws {
            let file = folder.file("token")
            try write("first", to: file)
            let (shown, renewed) = (Responses(), DispatchSemaphore(value: 0))
            renewed.signal()
            let peer = try expiringPeer(shown, renewed: renewed) { connection in
                // Together, in whichever order: the acceptance does not make it another expiry.
                try connection.send(
                    .disposition(1...1, .accepted), .disposition(0...0, Self.expired))
                try connection.answerEnding()
            }
            let run = try SenderRun(
                port: Int(peer.port),
                options: ["-m", "3", "-i", "0", "-r", "-s", "50", "--token-file", file.path])
            let summary = try run.expectEnd(status: 1)
            #expect(summary.accepted == 2 && summary.rejected == 1)
            try peer.finish()
        }

        @Test(
            "without a token, or without -r, such a rejection is one of the message",
            arguments: [true, false])
        func rejectedAtOnce(hasToken: Bool) throws {
            let file = folder.file("token")
            try write("first", to: file)
            let peer = try Peer { connection in
                _ = try connection.authenticate(offering: hasToken ? "OAUTHBEARER" : "ANONYMOUS")
                try connection.acceptLinkBehindSASL(credit: 2)
                try connection.expect(.transfer)
                try connection.expect(.transfer)
                try connection.send(
                    .disposition(0...0, .accepted), .disposition(1...1, Self.expired))
                try connection.answerEnding()
            }
            let run = try SenderRun(
                port: Int(peer.port),
                options: ["-m", "2", "-i", "0"] + (hasToken ? ["--token-file", file.path] : ["-r"]))
            let summary = try run.expectEnd(status: 1)
            #expect(summary.accepted == 1 && summary.rejected == 1)
            try peer.finish()
        }

        @Test("a password that is empty for a moment is waited for")
        func password() throws {
            let file = folder.file("password")
            try write("first", to: file)
            let (shown, end) = (Responses(), DispatchSemaphore(value: 0))
            let peer = try peer(offering: "PLAIN", shown, end: end)
            let run = try SenderRun(
                port: Int(peer.port),
                options: [
                    "-m", "3", "-i", "0", "-r", "-s", "50", "-u", "bo", "--password-file",
                    file.path,
                ])
            try run.waitForAccepted(1)
            try write("", to: file)
            end.signal()
            try run.process.waitForErrors("is empty: a password is needed; next attempt in 50 ms")
            try write("second", to: file)
            try run.expectAllAccepted(3)
            try peer.finish()
            #expect(
                shown.all == ["\0bo\0first", "\0bo\0second"].map { Array($0.utf8) })
        }

        @Test("a certificate and a key that do not match for a moment are waited for")
        func certificate() throws {
            let authority = try Authority(in: folder)
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let end = try TLSEnd(
                authority.sign("localhost"), to: broker.port,
                options: ["--client-ca", authority.certificate])
            let client = try authority.sign("client")
            let other = try authority.sign("other")
            let key = folder.file("current.key")
            try FileManager.default.copyItem(atPath: client.key, toPath: key.path)
            let run = try SenderRun([
                "-a", "amqps://localhost:\(end.port)/link1.test", "-m", "50", "-i", "120", "-s",
                "50", "-r", "--tls-ca", authority.certificate, "--tls-cert", client.certificate,
                "--tls-key", key.path,
            ])
            try run.waitForAccepted(5)
            try write(String(contentsOfFile: other.key, encoding: .utf8), to: key)
            try broker.kill()
            try run.process.waitForErrors("does not belong to the certificate")
            try broker.start()
            try write(String(contentsOfFile: client.key, encoding: .utf8), to: key)
            try run.expectAllAccepted(50)
            try broker.expectEverySequence(upTo: 50)
        }
    }
}
