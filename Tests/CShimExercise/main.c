// Drives the C ABI from C, over and over, and says what it costs in memory and descriptors.
// SPDX-License-Identifier: Apache-2.0
//
// usage: cshim-exercise SCENARIO PORT COUNT
//
// Prints the heap in use and the open descriptors after a tenth of the rounds, and after all.
// C only, so that valgrind sees nothing but the shim and proton.

#define _GNU_SOURCE
#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cshim_endpoints.h"
#include "cshim_login.h"

enum { connection_id = 1, session_id = 2 };

/// A message whose body is the AMQP string "exercise" (§3.2.8).
static const uint8_t message[] =
    "\x00\x53\x77\xa1\x08"
    "exercise";

typedef struct client client_t;

struct client {
    void (*opened)(client_t *);
    void (*batch_ended)(client_t *);
    void (*link_lost)(client_t *);
    void (*session_lost)(client_t *);
    void (*woken)(client_t *);
    void (*connection_lost)(client_t *);

    cshim_container_t *container;
    cshim_connection_t *connection;
    cshim_session_t *session;
    cshim_sender_t *sender;
    /// Kept once more for its late outcomes.
    cshim_sender_t *former;
    bool is_pre_settled;
    bool is_without_threads;
    uint16_t port;
    uint64_t count;
    uint64_t round;
    uint64_t link_id;
    uint64_t tag;
    uint64_t outcome_count;
};

static void require(cshim_status_t status, const char *what) {
    if (status == CSHIM_STATUS_OK) return;
    fprintf(stderr, "%s: status %d\n", what, (int)status);
    exit(2);
}

static int descriptor_count(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return -1;
    while (readdir(folder)) count += 1;
    closedir(folder);
    return count;
}

/// Counts a round, and measures when it is time. Returns whether it was the last.
static bool end_round(client_t *client) {
    client->round += 1;
    if (client->round == client->count / 10 || client->round == client->count) {
        printf("%zu %d\n", mallinfo2().uordblks, descriptor_count());
    }
    return client->round >= client->count;
}

// MARK: - What the scenarios do

static void do_connect(client_t *client) {
    const cshim_connection_options_t options = {.host = "127.0.0.1", .port = client->port};
    require(cshim_container_connect(client->container, connection_id, &options, &client->connection,
                                    NULL),
            "connect");
}

static void do_open_session(client_t *client) {
    require(cshim_connection_open_session(client->connection, session_id, &client->session, NULL),
            "open a session");
}

static void do_open_sender(client_t *client) {
    client->link_id += 1;
    char name[32];
    snprintf(name, sizeof name, "link-%llu", (unsigned long long)client->link_id);
    const char *const capabilities[] = {"queue"};
    const cshim_sender_options_t options = {.name = name,
                                            .address = "address",
                                            .capabilities = capabilities,
                                            .capability_count = 1,
                                            .is_pre_settled = client->is_pre_settled};
    require(cshim_session_open_sender(client->session, client->link_id, &options, &client->sender,
                                      NULL),
            "open a link");
}

static void do_close(client_t *client) {
    require(cshim_connection_close(client->connection, NULL), "close");
}

static void do_free_all(client_t *client) {
    cshim_sender_free(client->former);
    cshim_sender_free(client->sender);
    cshim_session_free(client->session);
    cshim_connection_free(client->connection);
    client->former = client->sender = NULL;
    client->session = NULL;
    client->connection = NULL;
}

static void open_all(client_t *client) {
    do_open_session(client);
    do_open_sender(client);
}

static void send_all(client_t *client) {
    bool is_draining;
    if (!client->sender) return;
    int32_t credit = cshim_sender_credit(client->sender, &is_draining);
    for (; credit > 0; credit -= 1) {
        client->tag += 1;
        require(cshim_sender_send(client->sender, client->tag, message, sizeof message - 1, NULL),
                "send");
    }
}

static void do_stop(client_t *client) {
    do_free_all(client);
    require(cshim_container_stop(client->container, NULL), "stop");
}

// MARK: - Scenarios

/// The link is lost, and opened again; the one before the last is kept for its late outcomes.
static void reopen_link(client_t *client) {
    if (end_round(client)) return do_close(client);
    cshim_sender_free(client->former);
    client->former = client->sender;
    do_open_sender(client);
}

/// The session is lost, and another one begins.
static void reopen_session(client_t *client) {
    if (end_round(client)) return do_close(client);
    cshim_sender_free(client->sender);
    cshim_session_free(client->session);
    open_all(client);
}

/// The session is given up and another one begins, as often as a link is opened.
static void give_up_session(client_t *client) {
    if (end_round(client)) return do_close(client);
    cshim_session_free(client->session);
    cshim_sender_free(client->sender);
    open_all(client);
}

static void arm(client_t *client) {
    const int64_t soon = cshim_monotonic_milliseconds() + 1;
    require(cshim_container_wake_at(client->container, soon, NULL), "set the alarm");
}

static void abort_connection(client_t *client) {
    require(cshim_connection_abort(client->connection, NULL), "abort");
}

static void reconnect(client_t *client) {
    do_free_all(client);
    if (end_round(client)) return do_stop(client);
    do_connect(client);
    open_all(client);
    arm(client);
}

static void give_link_back(client_t *client) {
    cshim_sender_free(client->sender);
    client->sender = NULL;
}

static void give_session_back(client_t *client) {
    give_link_back(client);
    cshim_session_free(client->session);
    client->session = NULL;
}

/// All messages are accepted, and the connection is closed.
static void send_and_close(client_t *client) {
    if (client->outcome_count < client->count) return send_all(client);
    if (client->round == 0) {
        client->round = 1;
        do_close(client);
    }
}

/// All that credit allows is sent, as often as all has left.
static void send_what_leaves(client_t *client) {
    if (!client->sender || cshim_session_outgoing_bytes(client->session) > 0) return;
    bool is_draining;
    if (cshim_sender_credit(client->sender, &is_draining) == 0) return;
    if (end_round(client)) return do_close(client);
    send_all(client);
}

static void ignore(client_t *client) {
    (void)client;
}

static bool choose(client_t *client, const char *scenario) {
    client->opened = open_all;
    client->batch_ended = send_all;
    client->link_lost = client->session_lost = client->woken = ignore;
    client->connection_lost = do_stop;
    if (!strcmp(scenario, "links")) {
        client->link_lost = reopen_link;
    } else if (!strcmp(scenario, "sessions")) {
        client->session_lost = reopen_session;
    } else if (!strcmp(scenario, "given-up-sessions")) {
        client->batch_ended = give_up_session;
    } else if (!strcmp(scenario, "silence")) {
        client->opened = client->batch_ended = ignore;
        client->woken = abort_connection;
        client->connection_lost = reconnect;
    } else if (!strcmp(scenario, "broken-off")) {
        client->opened = ignore;
        client->link_lost = give_link_back;
        client->session_lost = give_session_back;
        client->connection_lost = reconnect;
    } else if (!strcmp(scenario, "settled-links")) {
        client->is_pre_settled = true;
        client->link_lost = reopen_link;
    } else if (!strcmp(scenario, "settled-messages")) {
        client->is_pre_settled = true;
        client->batch_ended = send_what_leaves;
    } else if (!strcmp(scenario, "messages")) {
        client->batch_ended = send_and_close;
    } else if (!strcmp(scenario, "no-threads")) {
        client->is_without_threads = true;
    } else {
        return false;
    }
    return true;
}

// MARK: - Callbacks

static void on_started(void *context) {
    client_t *const client = context;
    do_connect(client);
    if (client->connection_lost == reconnect) {
        open_all(client);
        arm(client);
    }
}

static void on_woken(void *context) {
    ((client_t *)context)->woken(context);
}

static void on_host_looked_up(void *context, uint64_t id, const char *const *addresses,
                              size_t count, const char *failure) {
    (void)context, (void)id, (void)addresses, (void)count, (void)failure;
}

static void on_detail(void *context, cshim_detail_t detail, const char *key, const char *value) {
    (void)context, (void)detail, (void)key, (void)value;
}

static void on_connection_opened(void *context, uint64_t id, const char *peer) {
    client_t *const client = context;
    cshim_peer_limits_t limits;
    (void)id, (void)peer;
    if (client->connection) {
        require(cshim_connection_describe_peer(client->connection, on_detail, NULL, &limits, NULL),
                "describe the peer");
    }
    client->opened(client);
}

static void on_connection_lost(void *context, uint64_t id, cshim_connection_loss_t loss,
                               const cshim_condition_t *condition) {
    (void)id, (void)loss, (void)condition;
    ((client_t *)context)->connection_lost(context);
}

static void on_session_lost(void *context, uint64_t id, const cshim_condition_t *condition) {
    (void)id, (void)condition;
    ((client_t *)context)->session_lost(context);
}

static void on_link_opened(void *context, uint64_t id, const cshim_link_properties_t *properties) {
    (void)context, (void)id, (void)properties;
}

static void on_link_lost(void *context, uint64_t id, bool is_closed,
                         const cshim_condition_t *condition) {
    (void)id, (void)is_closed, (void)condition;
    ((client_t *)context)->link_lost(context);
}

static void on_delivery_updated(void *context, uint64_t link_id, uint64_t tag,
                                const cshim_outcome_t *outcome) {
    (void)link_id, (void)tag, (void)outcome;
    ((client_t *)context)->outcome_count += 1;
}

static void on_deliveries_accepted(void *context, uint64_t link_id, const uint64_t *tags,
                                   size_t count) {
    (void)link_id, (void)tags;
    ((client_t *)context)->outcome_count += count;
}

static void on_batch_ended(void *context, uint64_t id) {
    client_t *const client = context;
    (void)id;
    if (client->connection && client->session) client->batch_ended(client);
}

static void on_login_stepped(void *context, uint64_t id, cshim_login_step_t step,
                             const uint8_t *bytes, size_t size, cshim_login_t *login) {
    (void)context;
    (void)id;
    (void)bytes;
    (void)size;
    if (step == CSHIM_LOGIN_OFFERED) cshim_login_begin(login, "ANONYMOUS", NULL, 0, NULL);
}

static void on_frame_traced(void *context, uint64_t id, const cshim_frame_t *frame) {
    (void)context;
    (void)id;
    (void)frame;
}

static void on_release(void *context) {
    (void)context;
}

/// Lets no thread be made any more: the stack that one would get is larger than all addresses.
static void forbid_threads(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)1 << 48);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

int main(int argc, char **argv) {
    client_t client = {0};
    if (argc != 4 || !choose(&client, argv[1])) {
        fprintf(stderr, "usage: cshim-exercise SCENARIO PORT COUNT\n");
        return 64;
    }
    client.port = (uint16_t)atoi(argv[2]);
    client.count = strtoull(argv[3], NULL, 10);
    const cshim_callbacks_t callbacks = {
        .context = &client,
        .started = on_started,
        .woken = on_woken,
        .host_looked_up = on_host_looked_up,
        .connection_opened = on_connection_opened,
        .connection_lost = on_connection_lost,
        .session_lost = on_session_lost,
        .link_opened = on_link_opened,
        .link_lost = on_link_lost,
        .delivery_updated = on_delivery_updated,
        .login_stepped = on_login_stepped,
        .deliveries_accepted = on_deliveries_accepted,
        .frame_traced = on_frame_traced,
        .batch_ended = on_batch_ended,
        .release = on_release,
    };
    if (client.is_without_threads) forbid_threads();
    require(cshim_container_new("exercise", &callbacks, &client.container, NULL), "make");
    require(cshim_container_run(client.container, NULL), "run");
    cshim_container_free(client.container);
    return 0;
}
