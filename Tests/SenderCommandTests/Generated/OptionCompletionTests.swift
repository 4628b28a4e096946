// The completions in the option table against the parser.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct OptionCompletionTests {
    /// The parser's error for an option with this value; nil for none.
    private func complaint(_ option: CommandOption, _ value: String) -> String? {
        do throws(UsageError) {
            _ = try parseArguments(["--\(option.long)=\(value)"])
            return nil
        } catch {
            return error.sentence.contains("must be") ? error.sentence : nil
        }
    }

    @Test(
        "the words that are offered are those that may be given",
        arguments: CommandOption.all.filter(\.takesValue).map(\.long))
    func offeredWords(name: String) throws {
        let option = try #require(CommandOption.all.first { $0.long == name })
        guard case .words(let words) = option.completes else {
            // "must be a, b or c" lists words; "must be a number" does not.
            let sentence = complaint(option, "no-such-word") ?? ""
            #expect(sentence.firstMatch(of: /must be [a-z-]+(, [a-z-]+)* or [a-z-]+$/) == nil)
            return
        }
        for word in words {
            #expect(complaint(option, word) == nil)
            // The shells' scripts have them in lists.
            #expect(word.wholeMatch(of: /[A-Za-z0-9:._\/-]+/) != nil)
        }
    }

    @Test("files are offered where the value is a file", arguments: CommandOption.all.map(\.long))
    func offeredFiles(name: String) throws {
        let option = try #require(CommandOption.all.first { $0.long == name })
        #expect((option.completes == .files) == (option.placeholder == "FILE"))
    }

    @Test("--generate needs no other option", arguments: GeneratedText.allCases)
    func generateAlone(text: GeneratedText) throws {
        #expect(try parseArguments(["--generate", text.rawValue]) == .generated(text))
        #expect(text.text().contains("--generate") || text == .man)
    }

    @Test("of several --generate the last wins, and all that is given is checked")
    func lastGenerate() throws {
        #expect(
            try parseArguments(["--generate=man", "-m", "5", "--generate", "complete-fish"])
                == .generated(.completeFish))
        #expect(try parseArguments(["--generate=man", "--help"]) == .longHelp)
        for wrong in ["--generate=no", "--unknown", "--messages=x"] {
            #expect(throws: UsageError.self) { try parseArguments(["--generate=man", wrong]) }
        }
    }
}
