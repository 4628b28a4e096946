// Files that lines of JSON name as bodies, and the properties that only lines of JSON have.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct BodyFileTests {
    private let folder: TemporaryFolder
    private let inside: URL

    init() throws {
        folder = try TemporaryFolder()
        inside = folder.file("inside")
        try FileManager.default.createDirectory(
            at: inside.appending(path: "deep"), withIntermediateDirectories: true)
        try Data([0, 255]).write(to: inside.appending(path: "a.bin"))
        try Data("é".utf8).write(to: inside.appending(path: "deep/b.txt"))
        try Data("secret".utf8).write(to: folder.file("secret"))
        try FileManager.default.createDirectory(
            at: folder.file("inside2"), withIntermediateDirectories: false)
        try Data("secret".utf8).write(to: folder.file("inside2/secret"))
        for (link, target) in [
            ("to-file", "../secret"), ("to-folder", ".."), ("to-b", "deep/b.txt"), ("loop", "loop"),
            ("absolute", folder.file("secret").path),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: inside.appending(path: link).path, withDestinationPath: target)
        }
        mkfifo(inside.appending(path: "pipe").path, 0o600)
    }

    private func make(_ line: String, isAnyAllowed: Bool = false) throws -> Message? {
        let encoder = MessageEncoder(
            reading: .json, prototype: Message(), duplicateID: nil,
            bodyFiles: BodyFiles(folder: inside.path, isAnyAllowed: isAnyAllowed))
        return Message(encoded: try encoder.message(Array(line.utf8)[...], sequence: 1))
    }

    private func reason(_ line: String, isAnyAllowed: Bool = false) -> String {
        do {
            return "\(String(describing: try make(line, isAnyAllowed: isAnyAllowed)?.body))"
        } catch {
            return (error as? BadMessage)?.reason ?? "\(error)"
        }
    }

    @Test("a file below the folder is the body, by whatever path that stays there")
    func files() throws {
        #expect(try make(#"{"body_file":"a.bin"}"#)?.body == .data([0, 255]))
        #expect(try make(#"{"body_file":"a.bin","body_type":"binary"}"#)?.body == .data([0, 255]))
        for path in ["deep/b.txt", "./deep/../deep//b.txt", "to-b", inside.path + "/deep/b.txt"] {
            #expect(
                try make(#"{"body_file":"\#(path)","body_type":"string"}"#)?.body
                    == .value(.string("é")), "\(path)")
        }
        #expect(try make(#"{"body_file":null,"body":1}"#)?.body == .value(.long(1)))
    }

    @Test(
        "no path leads out of the folder",
        arguments: [
            "../secret", "deep/../../secret", "to-file", "absolute", "to-folder/secret",
            "/etc/passwd", "../inside2/secret", "/proc/self/environ", "..", ".",
        ])
    func outside(path: String) throws {
        #expect(
            reason(#"{"body_file":"\#(path)"}"#).contains(
                "which is not below the folder "), "\(path)")
    }

    @Test("any file is taken if that is allowed")
    func allowed() throws {
        for path in ["../secret", "to-file", "to-folder/secret", folder.file("secret").path] {
            #expect(
                try make(#"{"body_file":"\#(path)"}"#, isAnyAllowed: true)?.body
                    == .data(Array("secret".utf8)), "\(path)")
        }
    }

    @Test("what can't be a body is named")
    func wrong() {
        for (line, expected) in [
            (#"{"body_file":"no"}"#, #"has the body_file "no", which can't be read: No such file"#),
            (#"{"body_file":"loop"}"#, "can't be read: Too many levels of symbolic links"),
            (#"{"body_file":"a.bin\u0000x"}"#, "can't be read: Invalid argument"),
            (#"{"body_file":"pipe"}"#, #"has the body_file "pipe", which is not a regular file"#),
            (#"{"body_file":"deep"}"#, "which is not a regular file"),
            (#"{"body_file":""}"#, #"has a string for "body_file", but it must be the path"#),
            (#"{"body_file":7}"#, #"has 7 for "body_file", but it must be the path of a file"#),
            (#"{"body_file":"a.bin","body":1}"#, #"has "body" and "body_file": give one of them"#),
            (#"{"body_file":"a.bin","body_type":"string"}"#, "which is not valid UTF-8"),
            (#"{"body_file":"a.bin","body_type":"map"}"#, "that is not binary or string"),
            (#"{"body_type":"binary"}"#, #"has a "body_type" without a "body""#),
        ] {
            #expect(reason(line).contains(expected), "\(line): \(reason(line))")
        }
        #expect(
            reason(#"{"body_file":"/dev/zero"}"#, isAnyAllowed: true).contains(
                "which is not a regular file"))
    }

    @Test("paths begin at the folder of a regular file, and else at the working directory")
    func folderOfInput() throws {
        let file = inside.appending(path: "input")
        try Data().write(to: file)
        let handle = try FileHandle(forReadingFrom: file)
        let files = BodyFiles(
            besides: try StandardInput(descriptor: handle.fileDescriptor), isAnyAllowed: false)
        #expect(try files.contents(of: "a.bin") == [0, 255])
        let pipe = Pipe()
        let ofPipe = BodyFiles(
            besides: try StandardInput(descriptor: pipe.fileHandleForReading.fileDescriptor),
            isAnyAllowed: false)
        #expect(throws: BadMessage.self) { try ofPipe.contents(of: "a.bin") }
        #expect(throws: Never.self) { try ofPipe.contents(of: "Package.swift") }
        // Its folder is gone.
        let lost = try unlinkedFile("x")
        let ofLost = BodyFiles(
            besides: try StandardInput(descriptor: lost.fileDescriptor), isAnyAllowed: false)
        #expect(throws: BadMessage.self) { try ofLost.contents(of: "a.bin") }
    }

    // MARK: Properties

    @Test("the other properties of a message, and back")
    func properties() throws {
        let line = #"""
            {"user_id":"ann","reply_to_group_id":"g","group_sequence":4294967295,\#
            "content_encoding":"gzip","absolute_expiry_time":"2026-01-31T12:00:00Z",\#
            "creation_time":-5}
            """#
        let message = try #require(try make(line))
        #expect(message.userID == Array("ann".utf8) && message.replyToGroupID == "g")
        #expect(message.groupSequence == .max && message.contentEncoding == "gzip")
        #expect(message.absoluteExpiryTime == 1_769_860_800_000 && message.creationTime == -5)
        var bytes = message
        bytes.userID = [0xFF]
        for original in [message, bytes] {
            var json: [UInt8] = []
            json.append(json: .object(original.jsonMembers))
            #expect(try make(String(decoding: json, as: UTF8.self)) == original)
        }
        let none = #"""
            {"user_id":null,"reply_to_group_id":null,"group_sequence":null,"content_encoding":null,\#
            "absolute_expiry_time":null,"creation_time":null}
            """#
        let empty = try #require(try make(none))
        #expect(empty.userID == nil && empty.creationTime == nil && empty.groupSequence == nil)
        for (line, expected) in [
            (#"{"user_id":7}"#, #"has 7 for "user_id", but it must be a string"#),
            (
                #"{"user_id:binary":"?"}"#,
                #"for "user_id:binary", but a binary is a string of base64"#
            ),
            (#"{"user_id:int":7}"#, "but it must be a string, or with the type binary"),
            (#"{"group_sequence":-1}"#, "a whole number from 0 to 4294967295"),
            (#"{"content_encoding":""}"#, "it must be 1 to 255 printable ASCII characters"),
            (#"{"creation_time":"soon"}"#, "but a timestamp is milliseconds since 1970"),
        ] {
            #expect(reason(line).contains(expected), "\(reason(line))")
        }
    }

    @Test(
        "large files of lines that no run takes are not read: the lines are counted",
        arguments: [true, false])
    func untaken(isFaulty: Bool) throws {
        try Data(count: 1 << 20).write(to: inside.appending(path: "large"))
        let pipe = try ReaderPipe()
        let reader = try InputReader(
            StandardInput(descriptor: pipe.readEnd), options: InputOptions(),
            encoder: MessageEncoder(
                reading: .json, prototype: Message(), duplicateID: nil,
                bodyFiles: BodyFiles(folder: inside.path, isAnyAllowed: false)),
            plan: ReadingPlan())
        let source = StandardInputSource(reader.queue, isRegularFile: false)
        let wakePipe = try WakePipe()
        reader.queue.onMessage { wakePipe.wake() }
        try reader.start()
        let lines = Array(repeating: #"{"body_file":"large"}"#, count: 300)
        pipe.write((isFaulty ? "[\n" : "") + lines.joined(separator: "\n") + "\n")
        while source.next == nil, !source.isAtEnd, reader.queue.end == nil { wakePipe.wait() }
        #expect(reader.stop(within: 60_000))
        let end = source.close()
        #expect(end.lostCount + end.lostLineCount == 300 && end.lostLineCount > 200)
        #expect((end.fault == nil) != isFaulty)
    }
}
