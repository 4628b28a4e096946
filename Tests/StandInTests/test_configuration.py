# Reading a router's configuration file.
# SPDX-License-Identifier: Apache-2.0

import unittest

from support import StandInTest, run
from peers import configuration


class ConfigurationTests(StandInTest):
    def read(self, text):
        path = self.folder / "router.conf"
        path.write_text(text)
        return configuration.read(str(path))

    def test_sections_attributes_and_comments(self):
        sections = self.read("""
            # a comment
            router {
                mode: interior      # another
                id: Router.A
            }

            listener { host: 127.0.0.1
                port: amqp
                role: normal
                unheardOf: attribute with spaces
            }
            log { module: DEFAULT
                  enable: info+ }
            """)
        self.assertEqual([section.name for section in sections], ["router", "listener", "log"])
        self.assertEqual(sections[0].attributes, {"mode": "interior", "id": "Router.A"})
        self.assertEqual(sections[1].port(), 5672)
        self.assertEqual(sections[1]["unheardOf"], "attribute with spaces")

    def test_a_broken_file_is_one_sentence_that_names_the_line(self):
        for text, place in (("router {\n id: x\n", ":1: section router has no closing brace"),
                            ("\nrooter {\n}\n", ":2: unknown section 'rooter'"),
                            ("router {\n id x\n}\n", ":2: 'id x' is neither"),
                            ("}\n", ":1: a closing brace without a section"),
                            ("id: x\n", ":1: attribute 'id' stands outside")):
            with self.assertRaises(ValueError) as caught:
                self.read(text)
            self.assertIn(place, str(caught.exception))

    def test_the_router_ends_with_the_sentence_and_status_1(self):
        path = self.folder / "broken.conf"
        for text, part in (("router {", "no closing brace"),
                           ("listener { port: many\n}", "port is 'many', not a port"),
                           ("listener { role: nobody\n}", "role is 'nobody'"),
                           ("linkRoute { direction: in\n}", "prefix is missing")):
            path.write_text(text)
            status, output = run("router.py", "--conf", path)
            self.assertEqual((status, output.count("\n")), (1, 1), output)
            self.assertIn(part, output)
        status, output = run("router.py", "--conf", self.folder / "none.conf")
        self.assertEqual((status, output.count("\n")), (1, 1), output)

    def test_the_console_is_accepted_and_not_served(self):
        router = self.router("""
            listener { port: 8672
                       http: yes }
            listener { port: 0 }""")
        self.assertIn("not served", router.line("console on"))


if __name__ == "__main__":
    unittest.main()
