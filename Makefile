# Everything one can do here, by name: `make` lists it.
# SPDX-License-Identifier: Apache-2.0

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build clean start-broker stop-broker kill-broker start-router start-b-router start-c-router stop-routers \
	receive send demo test test-asan test-tsan chaos compatibility pipe simulate simulate-3-faults bench bench-recovery \
	bench-page fuzz fuzz-asan install uninstall deb test-deb build-tests build-debian13 test-debian13 lint format docs build-flags

# A copy of the router's configuration listens where AMQP_PORT says; without it, on AMQP's own port, which a URL may omit.
ADDRESS ?= amqp://127.0.0.1$(if $(AMQP_PORT),:$(AMQP_PORT))/link1.test
SEND_ARGS ?=
RECEIVE_ARGS ?=

sender := .build/release/sender
# The same for every build: with other flags all would be compiled again. Debian's valgrind reads DWARF up to version 4.
BUILD_FLAGS ?= -Xswiftc -warnings-as-errors -Xcxx -Werror \
	$(foreach flag,-Wall -Wextra -gdwarf-4,-Xcc $(flag) -Xcxx $(flag)) -Xcxx -Wpedantic
# At a terminal that can show colours it would ask the compiler for them, and compile all of it again.
swift_build_any := TERM=dumb swift build $(BUILD_FLAGS)
release_build := $(swift_build_any) -c release --static-swift-stdlib
swift_build := $(release_build) --product sender
build_tests := $(swift_build_any) --build-tests
simulator := .build/release/simulate
build_simulator := $(release_build) --product simulate
# Nothing where there is no sudo: the scripts then say themselves that they need root.
as_root := $(if $(filter-out 0,$(shell id -u)),$(shell command -v sudo))
send_command = valgrind --leak-check=full --suppressions=scripts/valgrind.supp $(sender) -a $(ADDRESS) -m 20 $(SEND_ARGS)
stays_up := Broker and router stay up; make stop-routers stop-broker stops them.
# For an address on another host, nothing is started here.
address_is_ours := $(filter amqp://127.0.0.1/% amqp://127.0.0.1:$(or $(AMQP_PORT),5672)/%,$(ADDRESS))

define help_text
make send            send 20 messages, one a second, under valgrind; installs, builds and starts what it needs
make receive         wait for messages, and print each as a line of JSON that sender --json takes:
                     RECEIVE_ARGS=--help; '--count RUN_ID -m 20' counts those of a run instead
make demo            the demonstration, unattended: send, kill the broker, start it again, count what arrived

make start-broker    start a broker in the background
make kill-broker     kill -9 the broker, as a power cut would; make start-broker goes on with its data
make stop-broker     stop it in good order

make start-router    start a router in the background, between the sender and the broker (single-node.conf):

                         sender -----> router -----> broker
                                5672          9001

make start-b-router  start two routers instead, the broker's side first (dual-node-broker-side.conf),
make start-c-router  then the client's side (dual-node-client-side.conf):

                         sender -----> client's side -----> broker's side -----> broker
                                5672                 8001                 9001

make stop-routers    stop the routers

make build           build $(sender)
make install         install what make build has built, with its man page and completions: PREFIX=/usr/local DESTDIR=
make uninstall       remove that
make deb             make a Debian package, in .build/deb
make test-deb        install the package in a new Debian 12 and 13, send with it, remove it; needs root

make test            install what the tests need, build, run all of them
make lint            look over layout, scripts, imports and sizes, without a build; part of make test
make format          lay out Swift, C and C++
make docs            make pages of the library's articles and comments, in .build/docs
make build-tests     build the tests, warnings as errors
make build-debian13  the same with Debian 13's Swift, in a new Debian 13; needs root
make test-debian13   make send and make test in a new Debian 13, where all has to be installed; needs root
make test-asan       all tests under the address and leak sanitizers (but for those that run valgrind)
make test-tsan       all tests under the thread sanitizer; Debian's proton and the Swift runtime are not instrumented
make chaos           kill and stop broker and routers at random while messages are sent, and count what arrived:
                     ROUNDS=10 SEED=1 TOPOLOGY=single|dual|pair MESSAGES=10000 SCENARIO=name|all CHAOS_ARGS=--help
make compatibility   send to each broker behind each router that is there, with each fault, and put what arrived into
                     docs/compatibility.md: COMPATIBILITY_ARGS=--help
make pipe            send LINES=1000000 lines of a pipe through a router that dies twice; count them, and the memory
make simulate        more runs of the recovery against a simulated peer: RUNS=100000 SEED=0; RUNS=1 prints the run
make simulate-3-faults
                     every run of up to 3 messages, or of 2 senders with 1 each, in which up to 3 faults
                     happen, each at every step
make bench           what a message costs, beside proton's own examples (Benchmarks/README.md), about 20 minutes:
                     BENCH_ARGS=--help
make bench-recovery  how soon messages are accepted again after a loss, and whether later losses cost more:
                     BENCH_ARGS=--help
make bench-page      both, and put the figures into docs/performance.md and Benchmarks/limits.json
make fuzz            run against peers that serve as they should, up to a point, by a seed for each run:
                     RUNS=20000 SEED=1 PROCESSES=8; RUNS=1 prints what the peer says
make fuzz-asan       the same under the address and leak sanitizers
make clean           remove what was built (the brokers' data is in run/)

Variables, as in `make send BROKER=artemis ARTEMIS_HOME=...`:
  BROKER             artemis, rabbitmq, qpidd or stand-in; default: the first that is there
  ARTEMIS_HOME       an unpacked distribution of Apache ActiveMQ Artemis
  ROUTER             qdrouterd, skrouterd or stand-in; default: qdrouterd if it is there
  ADDRESS            where make send sends to, and make receive takes from; default: $(ADDRESS)
  SEND_ARGS          more options for make send, as in SEND_ARGS='-i 100 -r'
  RECEIVE_ARGS       more options for make receive
  TERMINAL           a terminal program: brokers and routers start in windows of their own
  BUILD_FLAGS        flags of every swift build; empty: the compiler's defaults, as with a compiler that knows new warnings
  RUN_DIR            where data, logs and pid files are kept; default: run
  AMQP_PORT, HTTP_PORT, INTER_ROUTER_PORT, BROKER_PORT
                     other ports than 5672, 8672 (the router's web console), 8001 and 9001
endef

help:
	@: $(info $(help_text))

build:
	@scripts/install-needs.sh build
	$(swift_build)

PREFIX ?= /usr/local
export PREFIX DESTDIR

# No build here: root should not run one.
install:
	@scripts/install.sh

uninstall:
	@scripts/install.sh --uninstall

deb:
	@scripts/install-needs.sh build deb
	$(swift_build)
	@scripts/make-deb.sh

test-deb: deb
	@scripts/install-needs.sh test-deb
	@$(as_root) scripts/test-deb.sh "$$(ls -t .build/deb/*.deb | head -n 1)"

clean:
	rm -rf .build

start-broker:
	@scripts/install-needs.sh peers
	@scripts/start-broker.sh --background

stop-broker:
	@scripts/stop-broker.sh

kill-broker:
	@scripts/stop-broker.sh --kill

start-router:
	@scripts/install-needs.sh peers
	@scripts/start-router.sh --background single-node.conf

start-b-router:
	@scripts/install-needs.sh peers
	@scripts/start-router.sh --background dual-node-broker-side.conf

start-c-router:
	@scripts/install-needs.sh peers
	@scripts/start-router.sh --background dual-node-client-side.conf

stop-routers:
	@scripts/stop-routers.sh

send:
	@scripts/install-needs.sh send
ifneq ($(address_is_ours),)
	@scripts/start-broker.sh --look
	@scripts/start-router.sh --look single-node.conf
endif
	$(swift_build)
ifneq ($(address_is_ours),)
	@scripts/start-broker.sh --background
	@scripts/start-router.sh --background single-node.conf
	@echo "From another terminal: make kill-broker, and make start-broker after a while."
endif
	@echo "$(send_command)"
	@$(send_command); status=$$?; $(if $(address_is_ours),echo "$(stays_up)";) exit $$status

receive:
	@scripts/install-needs.sh peers
	@/usr/bin/python3 scripts/receive.py $(ADDRESS) $(RECEIVE_ARGS)

demo:
	@scripts/install-needs.sh build peers
	$(swift_build)
	@scripts/demo.sh

lint:
	@scripts/install-needs.sh lint
	@scripts/lint.sh

format:
	@scripts/install-needs.sh lint
	@scripts/lint.sh --format

test: lint
	@scripts/install-needs.sh test
	$(swift_build)
	/usr/bin/python3 -m unittest discover Tests/StandInTests
	$(build_simulator)
	$(build_tests)
	swift test --skip-build --skip WholeProgramTests
	SENDER_BINARY="$(CURDIR)/$(sender)" swift test --skip-build --no-parallel --filter WholeProgramTests

docs:
	@scripts/install-needs.sh build
	$(swift_build_any) --target ReliableSender
	@scripts/docs.sh

# For the scripts.
build-flags:
	@echo $(BUILD_FLAGS)

build-tests:
	@scripts/install-needs.sh build
	$(build_tests)

build-debian13:
	@scripts/install-needs.sh debootstrap
	@$(as_root) scripts/debian13.sh build

test-debian13:
	@scripts/install-needs.sh debootstrap
	@$(as_root) scripts/debian13.sh test

test-asan:
	@scripts/install-needs.sh test
	scripts/sanitize.sh address

test-tsan:
	@scripts/install-needs.sh test
	scripts/sanitize.sh thread

ROUNDS ?= $(if $(SCENARIO),1,10)
TOPOLOGY ?= single
MESSAGES ?= 10000
chaos_args = --rounds $(ROUNDS) --topology $(TOPOLOGY) --messages $(MESSAGES) $(addprefix --scenario ,$(SCENARIO)) \
	$(if $(filter-out undefined file,$(origin SEED)),--seed $(SEED)) $(CHAOS_ARGS)

chaos:
	@scripts/install-needs.sh build peers
	$(swift_build)
	/usr/bin/python3 scripts/chaos $(chaos_args)

compatibility:
	@scripts/install-needs.sh build peers
	$(swift_build)
	/usr/bin/python3 scripts/chaos/compatibility.py $(COMPATIBILITY_ARGS)

LINES ?= 1000000

pipe:
	@scripts/install-needs.sh test
	$(swift_build)
	$(build_tests)
	PIPE_LINES=$(LINES) SENDER_BINARY="$(CURDIR)/$(sender)" swift test --skip-build --filter WholeProgram.PipeTests/routerDiesTwice

RUNS ?= 100000
SEED ?= 0

bench_command = /usr/bin/python3 Benchmarks/bench.py --sender $(sender)
recovery_command = /usr/bin/python3 Benchmarks/recovery.py --sender $(sender)

bench:
	@scripts/install-needs.sh bench
	$(swift_build)
	@$(bench_command) $(BENCH_ARGS)

bench-recovery:
	@scripts/install-needs.sh bench peers
	$(swift_build)
	@$(recovery_command) $(BENCH_ARGS)

bench-page:
	@scripts/install-needs.sh bench peers
	$(swift_build)
	@status=0; $(bench_command) --write-limits --write-page || status=1; $(recovery_command) --write-page || status=1; \
	exit $$status

simulate:
	@scripts/install-needs.sh build
	$(build_simulator)
	@$(simulator) $(RUNS) $(SEED)

simulate-3-faults:
	@scripts/install-needs.sh build
	$(build_simulator)
	@$(simulator) --faults 3
	@$(simulator) --senders 2 --faults 3
	@$(simulator) --senders 3 --faults 3

# A run of its own for each seed, in processes that may crash.
fuzz_args = $(if $(filter-out undefined file,$(origin RUNS)),$(RUNS),20000) \
	$(if $(filter-out undefined file,$(origin SEED)),$(SEED),1) $(PROCESSES)

fuzz:
	@scripts/install-needs.sh build
	$(swift_build_any) --product fuzz-peer
	@.build/debug/fuzz-peer $(fuzz_args)

fuzz-asan:
	@scripts/install-needs.sh build
	@scripts/sanitize.sh address --fuzz $(fuzz_args)
