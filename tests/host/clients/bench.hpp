// tests/host/clients/bench.hpp - a client library and a server in one thread, with as much of a
// kernel between them as they need: handles with rights, memory, notifications, endpoints, pins.
// Counts what exists, so that leaks show.
//
// When the client waits, the bench lets the server and the device work (pump) until the client's
// bit comes. If nothing moves any more and the wait has no deadline, somebody lost a wake-up: the
// wait fails, and stuck() tells.
//
// A server may die: at a point of its own work by throwing Death, or between two calls of the
// client by lose_server(). Callers then stand in line until pump() has brought up the next one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <abi/boot.hpp>
#include <model/memory.hpp>
#include <proto/table.hpp>
#include <sys/endpoint.hpp>
#include <sys/serve.hpp>
#include <sys/startup.hpp>

namespace bench {

// Thrown where a server dies, caught where the kernel would go on.
struct Death {};

struct Object {
    abi::Kind kind;
    model::Memory::Region region{};  // memory
    bool contiguous = true;
    abi::Bits pending{};                                       // notification
    std::function<sys::Answer(const sys::Incoming&)> serve{};  // endpoint
    std::function<void(u64 badge)> gone{};
    std::shared_ptr<Object> target{};  // pin: the memory; minted endpoint: the endpoint
    u64 badge = 0;
    u64 seen = 0;  // minted endpoint: the epoch that it knows of
    std::weak_ptr<Object> watcher{};
    abi::Bits watch_bits{};
    ~Object()
    {
        if (badge != 0 && target && target->gone)
            target->gone(badge);
    }
};

class Bench {
public:
    explicit Bench(model::Memory& memory);
    ~Bench();
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    // A service that clients find by name.
    void offer(const std::string& name,
               std::function<sys::Answer(const sys::Incoming&)> serve,
               std::function<void(u64)> gone);
    // What clients are started with.
    sys::Startup startup() const { return sys::Startup{*startup_}; }

    abi::Slot give(abi::Kind kind, abi::Rights rights = abi::right::all);
    std::shared_ptr<Object> at(abi::Slot slot) const;
    abi::Bits take_bits(abi::Slot notification);
    void raise(abi::Slot notification, abi::Bits bits)
    {
        at(notification)->pending = at(notification)->pending | bits;
    }

    // Lets everybody but the client work a little. False: there was nothing to do.
    std::function<bool()> pump = [] { return false; };
    bool stuck() const { return stuck_; }

    // Before each call of a server that may die there, and of the client.
    std::function<void()> before_server_call = [] {};
    std::function<void()> before_client_call = [] {};
    // What runs inside is the server, not the client.
    template <class F>
    auto as_server(F f)
    {
        struct Leave {
            bool& flag;
            bool before;
            ~Leave() { flag = before; }
        } const leave{serving_, std::exchange(serving_, true)};
        return f();
    }
    // The endpoint is served no more, or again, under the next epoch. Watchers are told.
    void lose_server();
    void gain_server();
    void give_up();
    std::function<bool()> receives = [] { return true; };  // the server is up to taking a call
    std::function<void()> died = [] {};                    // while it worked on a call

    // What exists.
    usize handles() const { return table_.size(); }
    usize mappings() const { return mappings_.size(); }
    usize pins() const;

    bool scattered = false;         // pins are one run a page
    u32 program = 0;                // whose connects are; 0: each of a program of its own
    proto::table::Access access{};  // that their badges carry
    bool no_contiguous = false;     // memory_create refuses it
    u64 refuse = ~u64{0};           // so many calls from now, one is refused with no_memory
    u64 signals = 0;
    u64 waits = 0;
    bool given_up = false;
    bool served = true;
    u64 epoch = 1;
    std::vector<std::string> log;

private:
    struct Handle {
        std::shared_ptr<Object> object;
        abi::Rights rights;
        abi::Bits mask;
    };

    void answer(sys::Registers& r);
    Errc perform(abi::Syscall call, abi::Slot about, sys::Registers& r);
    Errc memory_call(abi::Syscall call, Handle* about, sys::Registers& r);
    Errc pin(sys::Registers& r);
    Errc runs(const Handle& pin, sys::Registers& r);
    Errc call(const Handle& endpoint, sys::Registers& r);
    Errc admit(Object& caller, abi::Ticks deadline);
    void tell_watchers();
    Errc signal(Handle& handle, abi::Bits bits);
    Errc wait(const Handle& notification, sys::Registers& r);
    sys::Answer connect(const sys::Incoming& in);
    Handle* find(abi::Slot slot);
    abi::Slot insert(Handle handle);

    std::function<void(sys::Registers&)> before_;  // benches nest
    model::Memory* memory_;
    std::map<u64, Handle> table_;
    std::multimap<u64, std::shared_ptr<Object>> mappings_;  // a page mapped twice is two of them
    std::map<std::string, std::shared_ptr<Object>> services_;
    std::unique_ptr<abi::Startup> startup_ = std::make_unique<abi::Startup>();
    std::shared_ptr<Object> names_;
    u64 next_ = 1;
    u64 next_badge_ = 100;
    bool serving_ = false;
    bool stuck_ = false;
};

}  // namespace bench
