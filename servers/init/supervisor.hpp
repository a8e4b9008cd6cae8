// init/supervisor.hpp - starts the programs of the plan, answers for their names, sees them end,
// and starts servers again.
//
// Every endpoint exists before anyone runs, so that connecting never depends on who starts first. A
// program gets exactly what the table says: quota, grants, device. init calls nobody, ever.
//
// A server that ended leaves its endpoint, whose callers wait, and its device, which may still do
// what it was asked to. When it is done, or had its time, it is reset; when it was seen in reset, a
// new process is made of the image, and nothing of the old one: at once, later, or, if it ended too
// often, not at all. init looks at all this between other answers and waits for nothing.
#pragma once

#include "crashes.hpp"
#include "drain.hpp"
#include "looker.hpp"
#include "registry.hpp"
#include "restarts.hpp"
#include "slots.hpp"

#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/process.hpp>
#include <sys/serve.hpp>

namespace init {

class Supervisor {
public:
    // What init itself was given; all of it stays init's.
    struct Given {
        sys::Borrowed<sys::Process> self;
        sys::Borrowed<sys::Memory> archive_memory;
        const sys::Archive& archive;
        const Plan& plan;
        Slots& slots;
        sys::Borrowed<sys::Endpoint> names;
        sys::Borrowed<sys::Notification> notification;
    };

    explicit Supervisor(const Given& given)
        : given_{given},
          registry_{given.plan},
          lookers_{given.self, given.notification, given.plan.hang()}
    {
    }

    // Endpoints, then servers and the apps that do not wait for them. A program that cannot start
    // is `failed` and the others go on. Errors: those of making endpoints.
    Result<> start_all();

    // Sees the ends of programs whose bits are set, and does what is due.
    void step(abi::Bits bits);
    // When step() has something to do without a bit.
    abi::Ticks next_deadline() const;

    Result<names::Connect::Reply> on(const names::Connect::Request& request, sys::Caller& caller);
    Result<names::Ready::Reply> on(const names::Ready::Request& request, sys::Caller& caller);
    Result<names::Process::Reply> on(const names::Process::Request& request, sys::Caller& caller);
    Result<names::Device::Reply> on(const names::Device::Request& request, sys::Caller& caller);
    Result<names::Kill::Reply> on(const names::Kill::Request& request, sys::Caller& caller);
    Result<names::Restart::Reply> on(const names::Restart::Request& request, sys::Caller& caller);
    Result<names::Hold::Reply> on(const names::Hold::Request& request, sys::Caller& caller);
    Result<names::Crash::Reply> on(const names::Crash::Request& request, sys::Caller& caller);
    Result<names::Update::Reply> on(const names::Update::Request& request, sys::Caller& caller);
    Result<names::Statistics::Reply> on(const names::Statistics::Request& request,
                                        sys::Caller& caller);

    const Registry& registry() const { return registry_; }
    Roll& roll() { return lookers_.roll(); }

private:
    // What a server needs to come back.
    struct Recovery {
        enum class Phase : u8 { draining, waiting };

        Restarts restarts;
        bool held = false;
        bool asked = false;  // its next end is one that somebody asked for
        bool hung = false;   // and this one, that it did not go on
        u64 blamed = 0;      // badge that it worked for when it ended last
        u32 blames = 0;      // and how often running
        u32 shut_out = 0;    // so many badges
        u64 outsiders = 0;   // programs that one of them was of, a bit each: no new badge for them
        RequestRing ring{};  // in `memory`; so long as that is there
        sys::Handle<sys::Memory> memory;
        abi::Name running{};                     // image of this instance
        abi::Name image{};                       // and of the next one
        abi::Name proven{};                      // the last one that became ready
        sys::Handle<sys::Notification> leaving;  // rung, it makes room
        // While its state is `restarting`, or, of these, `leaving`: due.
        Phase phase = Phase::waiting;
        abi::Ticks since{};  // it ended
        abi::Ticks due{};    // the next look at its ring, its next start, or its end
        names::Crash::Reply crash{};
    };

    void start(u32 program);
    void forget_former(u32 program);
    Result<> launch(u32 program);
    Result<sys::Handle<sys::Process>> make_process(u32 program);
    Result<> give(u32 program, sys::Launch& launch);
    Result<> give_device(u32 program, sys::Launch& launch);
    bool device_fits(u32 program) const;
    bool drives_console(u32 program) const;
    // Of a program that has one.
    sys::Borrowed<sys::Device> device_of(u32 program) const;

    void ended(u32 program);
    void print_last_words(u32 program) const;
    void failed(u32 program, std::string_view what, Errc why);
    void release(u32 program);
    Result<> quiesce_device(u32 program);
    void follow_up();

    // recovery.cpp
    void recover(u32 program, const names::Crash::Reply& crash);
    void go_on(u32 program);
    abi::Ticks due(u32 program) const;
    bool drained(u32 program) const;
    u32 owed(u32 program) const;
    void end_drain(u32 program);
    State plan_restart(u32 program, u32& wait_ms);
    void restart(u32 program);
    void watch(u32 program);
    void end_hung();
    void blame(u32 program);
    // update.cpp
    bool leave(u32 program);
    void late_to_leave(u32 program);
    void choose_image(u32 program, bool was_ready);
    // Errors: denied.
    Result<> manages(const sys::Caller& caller) const;
    // The server of this name, for a caller that manages. Errors: denied, not_found.
    Result<u32> managed(const abi::Name& server, const sys::Caller& caller) const;

    const table::Program& program(u32 index) const { return given_.plan.programs()[index]; }
    u32 count() const { return static_cast<u32>(given_.plan.programs().size()); }

    Given given_;
    Registry registry_;
    std::array<sys::Handle<sys::Endpoint>, table::max_programs> endpoints_{};
    std::array<sys::Handle<sys::Process>, table::max_programs> processes_{};
    std::array<Recovery, table::max_programs> recoveries_{};
    std::array<sys::SharedMemory, table::max_programs> progress_{};  // of servers
    Lookers lookers_;
    Crashes crashes_;
    u64 next_badge_ = 1;  // number of a connect; its bits never come round
    bool apps_started_ = false;
};

}  // namespace init
