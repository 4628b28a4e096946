# lint.sh: the checks of imports, includes, unsafe markers and tests.
# SPDX-License-Identifier: Apache-2.0

import shutil
import unittest

from machine import ROOT, MachineTest

GOOD = {
    "Sources/AMQP/Message.swift": "",
    "Sources/Proton/Sender.swift": "public import AMQP\ninternal import CShim\n",
    "Sources/Proton/Unsafe/Waker.swift": "final class Waker: @unchecked Sendable {}\n",
    "Sources/ReliableSender/Exports.swift":
        "@_exported public import AMQP\n@_exported public import enum LinkRecovery.End\n",
    "Sources/SenderCommand/Run.swift": "import ReliableSender\n// import Foundation\n",
    "Examples/FirstMessage/main.swift": "import ReliableSender\n",
    "CShim/Sender.cpp":
        '#include "Sender.hpp"\n#include "cshim.h"\n#include <proton/sender.hpp>\n#include <openssl/ssl.h>\n'
        "#include <string_view>\n#include <sys/socket.h>\n",
    "CShim/Sender.hpp": "",
    "CShim/include/cshim.h": "#include <stdint.h>\n",
    "Tests/AMQPTests/MessageTests.swift":
        '@Test("a title") func short() {}\n\n@Test(\n    "a title", .timeLimit(.minutes(1)),\n    arguments: list)\n'
        "func alsoShort() {}\n\n"
        '@Test("TLS fails") func name() {}\n\n@Test("SASL\'s error") func possessive() {}\n\n'
        '@Test("RabbitMQ waits") func mixed() {}\n\n@Test("Artemis waits") func known() {}\n\n'
        '@Test("--check ends") func option() {}\n\n'
        "func aFunctionThatIsNoTestMayHaveAnyName() {}\n",
    "Tests/ProtonCodec/codec.c": "#include <proton/codec.h>\n",
    "Tests/CShimExercise/main.c": '#include <stdio.h>\n#include "cshim.h"\n',
}

# A file of one module, with what is reported of it.
BAD_IMPORTS = {
    "AMQP": ("import Glibc\n", "Glibc"),
    "Proton": ("@_exported public import LinkRecovery\n", "LinkRecovery"),
    "LinkRecovery": ("#if DEBUG\n    import ReliableSender\n#endif\n", "ReliableSender"),
    "ReliableSender": ("import struct Foundation.Date\n", "Foundation"),
    "SenderCommand": ("import AMQP; import LinkRecovery\n", "LinkRecovery"),
    "sender": ("@_spi(Testing) @preconcurrency package import Proton\n", "Proton"),
    "Unheard": ("@testable\nimport AMQP\n", "AMQP"),
}
BAD_INCLUDES = {
    "CShim/Sender.cpp": "#include <boost/any.hpp>\n",
    "CShim/Timer.cpp": "#  include <zlib.h>\n",
    "CShim/Value.hpp": '#include "../Tests/Value.hpp"\n',
    "CShim/Trace.cpp": "#include TRACE_HEADER\n",
    "Tests/CShimExercise/main.c": "#include <proton/link.h>\n",
    "Sources/Proton/include/proton.h": '#include "proton/link.h"\n',
}
BAD_MARKERS = {
    "Sources/Proton/Sender.swift": "final class Sender: @unchecked Sendable {}\n",
    "Sources/SenderCommand/Run.swift": "nonisolated(unsafe) var count = 0\n",
}
BAD_TESTS = """@Test func untitled() {}

@Test(arguments: list)
func untitledToo() {}

@Test("a title") func aNameThatTellsAWholeStory() {}
"""
CAPITAL_TITLES = """@Test("A title") func article() {}

@Test(
    "Broker, router and sender", .timeLimit(.minutes(1)),
    arguments: list)
func noun() {}

@Test("Nothing's lost") func possessive() {}
"""


class LintTests(MachineTest):
    def setUp(self):
        super().setUp()
        # Neither layout nor scripts are tested.
        for command in ("swift", "clang-format-14", "shellcheck"):
            self.fake(command)

    def lint(self, files):
        """Lays the files out as a project of their own, and returns what its lint.sh returns and says."""
        root = self.folder / "project"
        for folder in (".ci", "Benchmarks", "CShim", "Examples/FirstMessage", "Sources", "Tests", "scripts"):
            (root / folder).mkdir(parents=True)
        for script in ("lint.sh", "lib.sh"):
            shutil.copy(ROOT / "scripts" / script, root / "scripts")
        for path, text in files.items():
            path = root / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("// SPDX-License-Identifier: Apache-2.0\n\n" + text)
        return self.run_command(root / "scripts/lint.sh")

    def test_what_the_design_allows(self):
        status, output, _ = self.lint(GOOD)
        self.assertEqual((status, output.splitlines()[1:]), (0, []), output)

    def test_imports_that_the_table_does_not_have(self):
        files = {f"Sources/{module}/File.swift": text for module, (text, _) in BAD_IMPORTS.items()}
        status, output, _ = self.lint(GOOD | files)
        self.assertEqual(status, 1)
        for module, (_, imported) in BAD_IMPORTS.items():
            with self.subTest(module):
                self.assertIn(f"{module} imports {imported}", output)

    def test_includes_of_other_libraries(self):
        status, output, _ = self.lint(GOOD | BAD_INCLUDES)
        self.assertEqual(status, 1)
        for path, text in BAD_INCLUDES.items():
            with self.subTest(path):
                self.assertIn(f"{path} includes {text.split('include ')[1]}", output)

    def test_unsafe_markers_outside_of_their_folder(self):
        status, output, _ = self.lint(GOOD | BAD_MARKERS)
        self.assertEqual(status, 1)
        for path in BAD_MARKERS:
            with self.subTest(path):
                self.assertIn(f"{path}:3:", output)

    def test_tests_without_a_title_or_with_a_long_name(self):
        path = "Tests/AMQPTests/ValueTests.swift"
        status, output, _ = self.lint(GOOD | {path: BAD_TESTS})
        self.assertEqual(status, 1)
        for found in ("untitled has no title", "untitledToo has no title",
                      "aNameThatTellsAWholeStory is longer than 22 characters"):
            with self.subTest(found):
                self.assertIn(f"{path}: {found}", output)

    def test_titles_that_begin_with_a_capital(self):
        path = "Tests/AMQPTests/ValueTests.swift"
        status, output, _ = self.lint(GOOD | {path: CAPITAL_TITLES})
        self.assertEqual(status, 1)
        for name, word in {"article": "A", "noun": "Broker", "possessive": "Nothing"}.items():
            with self.subTest(name):
                self.assertIn(f"{path}: the title of {name} begins with a capital: {word}", output)


if __name__ == "__main__":
    unittest.main()
