// The GNU conventions for options.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct ArgumentLexerTests {
    /// Lexes with `-m` and `--messages` as the only options that take a value.
    private func lexed(_ arguments: String...) -> [String] {
        var lexer = ArgumentLexer(arguments)
        var result: [String] = []
        while let token = lexer.next() {
            switch token {
            case .argument(let text): result.append("argument \(text)")
            case .short("m"): result.append("-m takes \(lexer.value() ?? "nothing")")
            case .short(let letter): result.append("-\(letter)")
            case .long("messages"): result.append("--messages takes \(lexer.value() ?? "nothing")")
            case .long(let name):
                result.append("--\(name)" + (lexer.unaskedValue.map { " left \($0)" } ?? ""))
            }
        }
        return result
    }

    @Test("short options share a dash")
    func sharedDash() {
        #expect(lexed("-rq", "-r") == ["-r", "-q", "-r"])
    }

    @Test(
        "a short option takes its value with or without a space",
        arguments: [["-m5"], ["-m", "5"]])
    func shortValue(_ arguments: [String]) {
        var lexer = ArgumentLexer(arguments)
        #expect(lexer.next() == .short("m"))
        #expect(lexer.value() == "5")
        #expect(lexer.next() == nil)
    }

    @Test("the last of several short options may take a value")
    func lastValue() {
        #expect(lexed("-rm5", "-qm", "6") == ["-r", "-m takes 5", "-q", "-m takes 6"])
    }

    @Test("a long option takes its value after an equals sign or a space")
    func longValue() {
        #expect(lexed("--messages=5") == ["--messages takes 5"])
        #expect(lexed("--messages", "5") == ["--messages takes 5"])
        #expect(lexed("--messages=", "5") == ["--messages takes ", "argument 5"])
        #expect(lexed("--messages=a=b") == ["--messages takes a=b"])
        // A mark is one character with what stands before it.
        #expect(lexed("--messages=\u{301}a") == ["--messages takes \u{301}a"])
    }

    @Test("a value may begin with a minus")
    func minus() {
        #expect(lexed("-m", "-5") == ["-m takes -5"])
        #expect(lexed("-m-5") == ["-m takes -5"])
        #expect(lexed("--messages", "--quiet") == ["--messages takes --quiet"])
        #expect(lexed("-m", "--", "-q") == ["-m takes --", "-q"])
    }

    @Test("a missing value is noticed")
    func missingValue() {
        #expect(lexed("-m") == ["-m takes nothing"])
        #expect(lexed("--messages") == ["--messages takes nothing"])
    }

    @Test("all words after two dashes are arguments")
    func twoDashes() {
        #expect(
            lexed("-q", "--", "-q", "--", "--x") == [
                "-q", "argument -q", "argument --", "argument --x",
            ])
    }

    @Test("a dash alone and an empty word are arguments")
    func dashAlone() {
        #expect(lexed("-", "", "x") == ["argument -", "argument ", "argument x"])
    }

    @Test("a value that no option asks for is left and forgotten")
    func unusedValue() {
        #expect(lexed("--quiet=5", "--quiet") == ["--quiet left 5", "--quiet"])
    }
}
