// Looks up the addresses of names on threads of their own.
// SPDX-License-Identifier: Apache-2.0

#include "Lookups.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "Threads.hpp"

namespace cshim {

#ifdef CSHIM_TESTING
std::atomic<bool (*)(const std::string &host, Addresses &found)> resolver_for_tests{nullptr};
#endif

namespace {

std::string words_of(int error, int system_error) {
    return error == EAI_SYSTEM ? std::strerror(system_error) : gai_strerror(error);
}

Addresses ask_system(const std::string &host, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo *found = nullptr;
    Addresses addresses;
    const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error) {
        addresses.failure = words_of(error, errno);
        return addresses;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    for (const addrinfo *each = found; each; each = each->ai_next) {
        char numeric[NI_MAXHOST];
        const int failed = getnameinfo(each->ai_addr, each->ai_addrlen, numeric, sizeof numeric,
                                       nullptr, 0, NI_NUMERICHOST);
        if (!failed) addresses.numeric.emplace_back(numeric);
    }
    if (addresses.numeric.empty()) addresses.failure = "the name has no address";
    return addresses;
}

Addresses resolve(const std::string &host) {
#ifdef CSHIM_TESTING
    Addresses found;
    const auto resolver = resolver_for_tests.load();
    if (resolver && resolver(host, found)) return found;
#endif
    // As proton does: only address families that this machine has.
    return ask_system(host, AI_ADDRCONFIG);
}

}  // namespace

/// Shared with the threads, which may outlive the container and even the end of main().
struct Lookups::Shared {
    std::mutex mutex;
    std::function<void()> landed;
    /// By name, the ids of the look-ups that wait for it.
    std::map<std::string, std::vector<uint64_t>> under_way;
    std::vector<Landed> done;

    void run(const std::string &host) noexcept {
        Addresses addresses;
        try {
            addresses = resolve(host);
        } catch (...) {
            // Out of memory: the caller's limit on the look-up ends the wait.
        }
        const std::lock_guard<std::mutex> lock(mutex);
        const auto entry = under_way.find(host);
        try {
            for (const uint64_t id : entry->second) done.push_back({id, addresses});
        } catch (...) {
        }
        under_way.erase(entry);
        if (landed) landed();
    }
};

Lookups::Lookups(std::function<void()> landed) : shared_(std::make_shared<Shared>()) {
    shared_->landed = std::move(landed);
}

Lookups::~Lookups() {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->landed = nullptr;
}

void Lookups::begin(uint64_t id, const std::string &host) {
    // A numeric address needs no look-up.
    Addresses numeric = ask_system(host, AI_NUMERICHOST);
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    if (!numeric.numeric.empty()) {
        shared_->done.push_back({id, std::move(numeric)});
        return shared_->landed();
    }
    const auto entry = shared_->under_way.find(host);
    if (entry != shared_->under_way.end()) return entry->second.push_back(id);
    shared_->under_way.emplace(host, std::vector<uint64_t>{id});
    try {
        start_thread([shared = shared_, host] { shared->run(host); }).detach();
    } catch (...) {
        shared_->under_way.erase(host);
        throw;
    }
}

std::vector<Lookups::Landed> Lookups::take() {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    return std::exchange(shared_->done, {});
}

}  // namespace cshim
