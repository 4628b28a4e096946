// Options in combination with --pre-settled.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RawPeer
import Testing

@testable import SenderCommand

/// Options with an effect are accepted with --pre-settled, others are wrong usage.
@Suite(.endsIfItHangs) struct PreSettledOptionTests {
    @Test("a message that the peer's limit does not let through goes into the rejected file")
    func rejectedFile() throws {
        let peer = try Peer { connection in
            let attach = try connection.acceptUpToAttach()
            try connection.send(
                .attach(answering: attach, maxMessageSize: 20), .flow(credit: 10))
            try connection.answerEnding()
        }
        let directory = try JournalDirectory()
        let (status, errors) = try Program([
            "-a", "amqp://127.0.0.1:\(peer.port)/q", "--content", "too long for the peer",
            "--pre-settled", "--rejected-file", directory.path,
        ]).wait()
        try peer.finish()
        #expect(status == 1, "\(errors)")
        let lines = try String(contentsOfFile: directory.path, encoding: .utf8)
        #expect(lines.contains(#""outcome":"given up""#))
        #expect(lines.contains("too long for the peer"))
    }

    @Test("no message comes back, so --redeliveries has no effect")
    func redeliveries() throws {
        let arguments = ["-a", "amqp://h/q", "--pre-settled", "--rejected-file=f"]
        _ = try parseArguments(arguments)
        #expect(throws: UsageError.self) { try parseArguments(arguments + ["--redeliveries=0"]) }
    }
}
