// The man page, formatted by groff and mandoc.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct ManPageTests {
    /// The output of a formatter, and its complaints.
    private func formatted(
        _ page: String, by command: String...
    ) throws -> (text: String, complaints: String) {
        let folder = try TemporaryFolder()
        let file = folder.file("sender.1")
        try page.write(to: file, atomically: true, encoding: .utf8)
        let ended = try ChildProcess.run(command + [file.path])
        return (ended.output, ended.errors)
    }

    /// A page in plain letters, without what makes them bold.
    private func plain(_ page: String) throws -> String {
        try formatted(page, by: "groff", "-man", "-Tutf8", "-P-cbou").text
    }

    @Test("groff and mandoc have no complaints")
    func noComplaints() throws {
        let page = manPage(CommandOption.all)
        let groff = try formatted(page, by: "groff", "-man", "-Tutf8", "-ww")
        #expect(groff.complaints == "")
        #expect(groff.text.contains("AMQP"))
        // It complains on standard output.
        let mandoc = try formatted(page, by: "mandoc", "-T", "lint", "-W", "all")
        #expect(mandoc.text + mandoc.complaints == "")
    }

    @Test("a page that is wrong is complained about")
    func wrongPage() throws {
        let page = manPage(CommandOption.all) + ".XX\n"
        #expect(try formatted(page, by: "groff", "-man", "-Tutf8", "-ww").complaints != "")
        #expect(try formatted(page, by: "mandoc", "-T", "lint", "-W", "all").text != "")
    }

    @Test("no word is broken", arguments: [50, 58, 65, 78, 90])
    func noWordIsBroken(width: Int) throws {
        let page = manPage(CommandOption.all)
        let text = try formatted(page, by: "groff", "-man", "-Tutf8", "-rLL=\(width)n").text
        #expect(text.contains("AMQP"))
        #expect(!text.contains("\u{2010}\n"))
    }

    @Test("it says all that --help says")
    func sameTextAsHelp() throws {
        let words = try plain(manPage(CommandOption.all)).split(whereSeparator: \.isWhitespace)
        let text = words.joined(separator: " ")
        for option in CommandOption.all {
            let details = option.details.split(whereSeparator: \.isWhitespace)
            #expect(text.contains((["\(option.synopsis)"] + details).joined(separator: " ")))
            if let standard = option.defaultText { #expect(text.contains("Default: \(standard).")) }
        }
        for chapter in helpChapters {
            let said = chapter.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(text.contains("\(chapter.title.uppercased()) \(said)"))
        }
        #expect(text.contains("sender \(senderVersion)"))
    }

    @Test(
        "what troff takes for its own comes out as it was",
        arguments: [
            ".first", "'first", "a \\n b \\", "-1 --x -y", "\"quoted\" 'too' `so` ^ ~", "ä → ü",
            "\\&.",
            "<run id>-<sequence>", "[=NAME]", "a.b ... .c",
        ])
    func troffRequests(text: String) throws {
        let option = CommandOption(
            long: "zealousness", section: .other, summary: "", details: text, effect: .help)
        let lines = try plain(manPage([option])).split(separator: "\n")
        let index = try #require(lines.firstIndex { $0.hasSuffix("--zealousness") })
        #expect(lines[index + 1].drop(while: \.isWhitespace) == text)
    }

    @Test("options are bold and what stands for a value is not")
    func boldOptions() {
        var page = Roff(title: "T", section: 1, date: "", source: "", manual: "")
        page.paragraph(
            "-m, --messages COUNT: as --burst=5 (-q), COUNTS, --x[=COUNT]", placeholder: "COUNT")
        #expect(
            page.text.hasSuffix(
                #"""

                \fB\-m\fR, \fB\-\-messages\fR \fICOUNT\fR: as \fB\-\-burst\fR=5 (\fB\-q\fR),
                COUNTS, \fB\-\-x\fR[=\fICOUNT\fR]

                """#))
    }
}
