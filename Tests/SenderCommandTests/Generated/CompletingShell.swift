// Shells that complete, driven by tests.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SenderCommand

/// A real shell with the completions of an option table.
enum CompletingShell: String, CaseIterable {
    case bash, zsh, fish

    /// All that the shell offers for the last word of a line, sorted.
    ///
    /// The folder has the files that can be offered.
    func offers(
        for line: String, of table: [CommandOption], in folder: URL
    ) throws -> [String] {
        let text = GeneratedText(rawValue: "complete-\(rawValue)")
        // As it is installed: zsh knows it by this name.
        let script = folder.appending(path: ".functions/_sender")
        try FileManager.default.createDirectory(
            at: script.deletingLastPathComponent(), withIntermediateDirectories: true)
        try #require(text).text(from: table).write(to: script, atomically: true, encoding: .utf8)
        switch self {
        case .bash, .zsh: return try typed(line, in: folder, after: script).sorted()
        case .fish: return try asked(line, in: folder, after: script).sorted()
        }
    }

    /// Presses a key that inserts every candidate, and looks at what the command is run with.
    private func typed(_ line: String, in folder: URL, after script: URL) throws -> [String] {
        let shell: ShellInTerminal
        if self == .bash {
            let start = folder.appending(path: ".bashrc")
            try
                (ShellInTerminal.preparation + """
                    bind '"\\C-t": insert-completions'
                    source \(script.path)
                    """).write(to: start, atomically: true, encoding: .utf8)
            shell = try ShellInTerminal(["bash", "--rcfile", start.path, "-i"], in: folder)
        } else {
            try
                (ShellInTerminal.preparation + """
                    unsetopt prompt_cr prompt_sp
                    fpath=(\(script.deletingLastPathComponent().path) $fpath)
                    autoload -Uz compinit && compinit -u -D
                    zle -C insert-all complete-word _generic
                    zstyle ':completion:insert-all:*' completer _all_matches _complete
                    zstyle ':completion:insert-all:*' insert true
                    bindkey '^T' insert-all
                    """).write(
                    to: folder.appending(path: ".zshrc"), atomically: true, encoding: .utf8)
            shell = try ShellInTerminal(
                ["zsh", "-d", "-i"], in: folder, environment: ["ZDOTDIR": folder.path])
        }
        let arguments = try shell.arguments(typing: line + "\u{14}")
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        // Without the command and what was there before the last word.
        let last = Array(arguments.dropFirst(words.count - 2))
        // The word stays as it is if there is nothing to offer.
        return last == words.suffix(1).map(String.init) ? [] : last
    }

    private func asked(_ line: String, in folder: URL, after script: URL) throws -> [String] {
        let (status, text, _) = try ChildProcess.run(
            ["fish", "--no-config", "-c", "source \(script.path); complete -C $argv[1]", line],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path, "LC_ALL": "C.UTF-8"],
            inheritsEnvironment: false, in: folder)
        guard status == 0 else { throw TestFailure("fish ended with \(status)") }
        // An offer, then a tab and a description. If nothing begins with the word, fish 4 goes on to
        // what has it inside.
        let word = line.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
        return text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
            .filter { $0.hasPrefix(word) }
    }
}
