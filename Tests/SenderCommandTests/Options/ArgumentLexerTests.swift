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

    @Test func shortOptionsShareADash() {
        #expect(lexed("-rq", "-r") == ["-r", "-q", "-r"])
    }

    @Test(arguments: [["-m5"], ["-m", "5"]])
    func aShortOptionTakesItsValueWithOrWithoutASpace(_ arguments: [String]) {
        var lexer = ArgumentLexer(arguments)
        #expect(lexer.next() == .short("m"))
        #expect(lexer.value() == "5")
        #expect(lexer.next() == nil)
    }

    @Test func theLastOfSeveralShortOptionsMayTakeAValue() {
        #expect(lexed("-rm5", "-qm", "6") == ["-r", "-m takes 5", "-q", "-m takes 6"])
    }

    @Test func aLongOptionTakesItsValueWithEqualsOrASpace() {
        #expect(lexed("--messages=5") == ["--messages takes 5"])
        #expect(lexed("--messages", "5") == ["--messages takes 5"])
        #expect(lexed("--messages=", "5") == ["--messages takes ", "argument 5"])
        #expect(lexed("--messages=a=b") == ["--messages takes a=b"])
        // A mark is one character with what stands before it.
        #expect(lexed("--messages=\u{301}a") == ["--messages takes \u{301}a"])
    }

    @Test func aValueMayBeginWithAMinus() {
        #expect(lexed("-m", "-5") == ["-m takes -5"])
        #expect(lexed("-m-5") == ["-m takes -5"])
        #expect(lexed("--messages", "--quiet") == ["--messages takes --quiet"])
        #expect(lexed("-m", "--", "-q") == ["-m takes --", "-q"])
    }

    @Test func aMissingValueIsSeen() {
        #expect(lexed("-m") == ["-m takes nothing"])
        #expect(lexed("--messages") == ["--messages takes nothing"])
    }

    @Test func afterTwoDashesAllAreArguments() {
        #expect(
            lexed("-q", "--", "-q", "--", "--x") == [
                "-q", "argument -q", "argument --", "argument --x",
            ])
    }

    @Test func aDashAloneAndAnEmptyWordAreArguments() {
        #expect(lexed("-", "", "x") == ["argument -", "argument ", "argument x"])
    }

    @Test func aValueThatNobodyAsksForIsLeftAndForgotten() {
        #expect(lexed("--quiet=5", "--quiet") == ["--quiet left 5", "--quiet"])
    }
}
