// Placeholders, which are replaced in each message.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Placeholders", .serialized)
    struct PlaceholderTests {
        @Test("placeholders are filled in texts and properties, also in those of lines")
        func placeholders() throws {
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let text = try SenderRun(
                port: broker.port, "--run-id", "r", "--content",
                "{{address}} {{run-id}} {{sequence}} {{{{x")
            try text.expectAllAccepted(1)
            #expect(try broker.bodies() == ["'link1.test r 1 {{x'"])
            let pipe = Pipe()
            try pipe.fileHandleForWriting.write(contentsOf: Data("a\nb\n".utf8))
            try pipe.fileHandleForWriting.close()
            let lines = try SenderRun(
                port: broker.port, input: pipe, "--stdin", "--subject",
                "{{sequence}} of {{address}}", "--property", "at={{time}}", "--correlation-id",
                "{{uuid}}")
            try lines.expectAllAccepted(2)
            let received = try broker.received().suffix(2)
            #expect(received.map { $0["subject"] } == ["'1 of link1.test'", "'2 of link1.test'"])
            #expect(Set(received.map { $0["correlation_id"] }).count == 2)
            #expect(received.allSatisfy { $0["properties"]?.hasPrefix("{'at': '20") == true })
        }
    }
}
