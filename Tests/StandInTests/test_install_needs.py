# scripts/install-needs.sh on a machine where things are missing; apt-get is not the real one.
# SPDX-License-Identifier: Apache-2.0

import os
import unittest

from machine import ROOT, MachineTest

SCRIPT = ROOT / "scripts" / "install-needs.sh"
# More behind the line that is looked for than a pipe holds.
LONG_POLICY = """for package; do :; done
echo "$package:"; echo "  Installed: (none)"; echo "  Candidate: 1:3.19"; seq 100000"""
NOTHING_KNOWN = ":"


class InstallNeedsTests(MachineTest):
    def setUp(self):
        super().setUp()
        # A user who is not root gets there by sudo.
        self.fake("sudo", '"$@"')
        self.fake("apt-get")
        self.fake("apt-cache", LONG_POLICY)

    def install(self, purpose="valgrind", **options):
        return self.run_command(SCRIPT, purpose, **options)

    def swift_in_apt(self, version):
        self.fake("apt-cache", f"echo '  Candidate: {version}'")

    def updates(self):
        return [line for line in self.noted("apt-get") if line.endswith(" update")]

    def installed(self):
        return [line.split("--no-install-recommends ")[1] for line in self.noted("apt-get")
                if " install " in line]

    def test_what_apt_knows_needs_no_update(self):
        self.assertEqual(self.install()[0], 0)
        self.assertEqual((self.updates(), self.installed()), ([], ["valgrind"]))

    def test_what_apt_does_not_know_needs_one(self):
        for policy in (NOTHING_KNOWN, "echo '  Candidate: (none)'", "exit 100"):
            self.notes.write_text("")
            self.fake("apt-cache", policy)
            self.assertEqual(self.install()[0], 0)
            self.assertEqual((len(self.updates()), self.installed()), (1, ["valgrind"]))

    def test_the_words_of_apt_are_asked_for_in_english(self):
        self.fake("apt-cache", '[[ $LC_ALL == C ]] && echo "  Candidate: 1" || echo "  Kandidat: 1"')
        self.install(LC_ALL="de_DE.UTF-8")
        self.assertEqual(self.updates(), [])

    def test_lists_that_name_what_is_gone_are_updated(self):
        self.fake("apt-get", f"""[[ $* == *update ]] && touch '{self.folder}/updated' && exit 0
            [[ -e '{self.folder}/updated' ]]""")
        self.assertEqual(self.install()[0], 0)
        self.assertEqual((len(self.updates()), len(self.installed())), (1, 2))

    def test_a_broken_source_of_something_else_is_said_and_passed_over(self):
        self.fake("apt-cache", NOTHING_KNOWN)
        self.fake("apt-get", "[[ $* != *update ]] || exit 100")
        status, _, errors = self.install()
        self.assertEqual(status, 0)
        self.assertIn("apt-get update failed", errors)
        self.assertEqual(self.installed(), ["valgrind"])

    def test_what_can_not_be_installed_is_named_in_a_sentence(self):
        self.fake("apt-get", "exit 100")
        status, _, errors = self.install()
        self.assertEqual(status, 1)
        self.assertIn("install-needs.sh: apt-get could not install valgrind", errors)
        self.assertEqual((len(self.updates()), len(self.installed())), (1, 2))

    def test_apt_get_does_not_read_what_was_pasted_behind(self):
        self.fake("apt-get", "cat >/dev/null")
        reader, writer = os.pipe()
        os.write(writer, b"make start-router\n")
        os.close(writer)
        with os.fdopen(reader) as pasted:
            self.assertEqual(self.install(stdin=pasted)[0], 0)
            self.assertEqual(pasted.read(), "make start-router\n")

    def test_without_apt_get_the_packages_are_named(self):
        (self.commands / "apt-get").unlink()
        status, _, errors = self.install()
        self.assertEqual(status, 1)
        self.assertIn("missing here: valgrind", errors)

    @unittest.skipIf(os.geteuid() == 0, "root needs no sudo")
    def test_without_sudo_it_is_one_sentence(self):
        (self.commands / "sudo").unlink()
        status, _, errors = self.install()
        self.assertEqual((status, errors.count("\n")), (1, 1), errors)
        self.assertIn("there is no sudo, so install them as root", errors)

    def test_swift_is_installed_where_apt_has_it(self):
        self.swift_in_apt("6.0.3-2")
        status, output, errors = self.install("build")
        self.assertEqual(status, 0, errors)
        self.assertIn("a download of about 450 MB", output)
        self.assertEqual([names.split()[0] for names in self.installed()], ["swiftlang"])

    def test_swift_that_is_there_is_left_alone(self):
        self.swift_in_apt("6.0.3-2")
        self.fake("swift")
        self.assertEqual(self.install("build")[0], 0)
        self.assertNotIn("swiftlang", self.notes.read_text())

    def test_elsewhere_swift_is_to_be_had_from_swift_org(self):
        for version in ("(none)", "5.6.5-2"):
            self.swift_in_apt(version)
            status, _, errors = self.install("build")
            self.assertEqual((status, errors.count("\n")), (1, 1), errors)
            self.assertIn("install 6.0 or later (swift.org/install)", errors)

    def test_a_machine_without_lists_is_asked_again(self):
        self.fake("apt-cache", f"""[[ ! -e '{self.folder}/updated' ]] || echo '  Candidate: 6.1'""")
        self.fake("apt-get", f"[[ $* != *update ]] || touch '{self.folder}/updated'")
        (self.commands / "clang-format-14").unlink(missing_ok=True)
        for purpose, package in (("build", "swiftlang"), ("lint", "clang-format-14")):
            self.notes.write_text("")
            (self.folder / "updated").unlink(missing_ok=True)
            self.assertEqual(self.install(purpose)[0], 0)
            self.assertEqual(len(self.updates()), 1)
            self.assertIn(package, self.installed()[0].split())

    def test_sudo_that_hides_swift_is_named(self):
        self.swift_in_apt("6.0.3-2")
        status, _, errors = self.install("build", SUDO_USER="ann")
        self.assertEqual((status, errors.count("\n")), (1, 1), errors)
        self.assertIn("which sudo resets: run this as ann, without sudo", errors)


if __name__ == "__main__":
    unittest.main()
