// Looks up the addresses of names on threads of their own.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_LOOKUPS_HPP
#define CSHIM_LOOKUPS_HPP

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cshim {

/// The result of a look-up.
struct Addresses {
    /// Numeric, in the order to try them in.
    std::vector<std::string> numeric;
    /// The reason if there are none.
    std::string failure;
};

/// Looks names up, each on a thread of its own: the resolver blocks, can't be stopped, and may take
/// longer than the caller waits. At most one look-up of a name is under way.
class Lookups {
public:
    /// `landed` is called when there is a result to take, on any thread.
    explicit Lookups(std::function<void()> landed);
    /// Look-ups under way go on; their results are dropped.
    ~Lookups();
    Lookups(const Lookups &) = delete;
    Lookups &operator=(const Lookups &) = delete;

    struct Landed {
        uint64_t id;
        Addresses addresses;
    };

    /// Begins a look-up, or joins the one of this name. Throws if no thread can be started.
    void begin(uint64_t id, const std::string &host);
    /// Takes the results since the last call. Loop.
    std::vector<Landed> take();

private:
    struct Shared;
    const std::shared_ptr<Shared> shared_;
};

#ifdef CSHIM_TESTING
/// Replaces the system's resolver for the names that it returns true for.
extern std::atomic<bool (*)(const std::string &host, Addresses &found)> resolver_for_tests;
#endif

}  // namespace cshim

#endif
