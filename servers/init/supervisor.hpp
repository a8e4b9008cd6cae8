// init/supervisor.hpp - starts the programs of the plan, answers for their names, and sees them
// end.
//
// Every endpoint exists before anyone runs, so that connecting never depends on who starts first. A
// program gets exactly what the table says: quota, grants, device. init calls nobody, ever.
#pragma once

#include "registry.hpp"
#include "slots.hpp"

#include <sys/endpoint.hpp>
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

    explicit Supervisor(const Given& given) : given_{given}, registry_{given.plan} {}

    // Endpoints, then servers and the apps that do not wait for them. A program that cannot start
    // is `failed` and the others go on. Errors: those of making endpoints.
    Result<> start_all();

    // Sees the ends of programs whose bits are set.
    void step(abi::Bits bits);

    Result<names::Connect::Reply> on(const names::Connect::Request& request, sys::Caller& caller);
    Result<names::Ready::Reply> on(const names::Ready::Request& request, sys::Caller& caller);
    Result<names::Process::Reply> on(const names::Process::Request& request, sys::Caller& caller);
    Result<names::Device::Reply> on(const names::Device::Request& request, sys::Caller& caller);

    const Registry& registry() const { return registry_; }

private:
    void start(u32 program);
    Result<sys::Handle<sys::Process>> launch(u32 program);
    Result<> give(u32 program, sys::Launch& launch);
    Result<> give_device(u32 program, sys::Launch& launch);
    bool device_fits(u32 program) const;

    void ended(u32 program);
    void failed(u32 program, std::string_view what, Errc why);
    void release(u32 program);
    void quiesce_device(u32 program);
    void follow_up();

    const table::Program& program(u32 index) const { return given_.plan.programs()[index]; }
    u32 count() const { return static_cast<u32>(given_.plan.programs().size()); }

    Given given_;
    Registry registry_;
    std::array<sys::Handle<sys::Endpoint>, table::max_programs> endpoints_{};
    std::array<sys::Handle<sys::Process>, table::max_programs> processes_{};
    u64 next_badge_ = 1;  // number of a connect; 48 bits never come round
    bool apps_started_ = false;
};

}  // namespace init
