// init/registry.hpp - what is known of each program of the plan, and what follows from it: who may
// connect to whom, when all servers can work, and how the run ends. Makes no calls.
#pragma once

#include "plan.hpp"

#include <proto/names.hpp>

namespace init {

namespace names = proto::names;
using names::State;

// An instance of a program is known to the name service by the badge of its handle, which is never
// 0 and never used again.
constexpr u64 badge_of(u32 program, u32 epoch = 0) { return u64{epoch} << 32 | (program + 1); }

// Bits of init's notification: one for each program's end.
constexpr unsigned first_program_bit = 8;
static_assert(table::max_programs <= 64 - first_program_bit);
constexpr abi::Bits end_bit(u32 program) { return abi::Bits::at(first_program_bit + program); }

struct Status {
    State state = State::waiting;
    abi::ExitCause cause = abi::ExitCause::none;
    u64 code = 0;
    u32 epoch = 0;
};

// Exit status of the run when the program that decides it has ended. The host sees eight bits: a
// code that has more is a failure, and must not look like another one, or like success.
constexpr u64 verdict(abi::ExitCause cause, u64 code)
{
    return cause == abi::ExitCause::exited && code < 255 ? code : 255;
}

class Registry {
public:
    explicit Registry(const Plan& plan) : plan_{&plan} {}

    const Status& operator[](u32 program) const { return status_[program]; }
    void set(u32 program, State state) { status_[program].state = state; }
    void ended(u32 program, abi::ExitCause cause, u64 code)
    {
        Status& status = status_[program];
        status.state = cause == abi::ExitCause::exited ? State::exited : State::failed;
        status.cause = cause;
        status.code = code;
    }
    // A program that gives a verdict has ended: what the run ends with, if it does.
    std::optional<u64> decided(u32 program) const
    {
        const Status& status = status_[program];
        if (!gives_verdict(program))
            return std::nullopt;
        if (const u64 code = verdict(status.cause, status.code); code != 0)
            return code;
        for (u32 i = 0; i < plan_->programs().size(); ++i)
            if (gives_verdict(i) && status_[i].state != State::exited)
                return std::nullopt;
        return 0;
    }
    void next_epoch(u32 program) { ++status_[program].epoch; }

    // Which program a badge names, as it is now. Errors: denied.
    Result<u32> program(u64 badge) const
    {
        const u32 program = static_cast<u32>(badge) - 1;
        if (program >= plan_->programs().size()
            || badge != badge_of(program, status_[program].epoch))
            return fail(Errc::denied);
        return program;
    }

    // The server whose endpoint a program asks for, and what its table lets it do there. Errors:
    // not_found, denied.
    struct Use {
        u32 server;
        table::Access access;
    };
    Result<Use> connect(u32 program, std::string_view service) const
    {
        const auto server = plan_->server(service);
        if (!server)
            return fail(Errc::not_found);
        const table::Program& asker = plan_->programs()[program];
        for (u32 i = 0; i < asker.use_count; ++i)
            if (text::of(asker.uses[i]) == service)
                return Use{*server, asker.access[i]};
        return fail(Errc::denied);
    }

    // A program says that it can work. Errors: denied (an app), exists (said before).
    Result<> ready(u32 program)
    {
        if (!is_server(program))
            return fail(Errc::denied);
        if (status_[program].state != State::starting)
            return fail(Errc::exists);
        status_[program].state = State::ready;
        return {};
    }

    // No server is still on its way: each said Ready, or ended. One that ended before that holds
    // nobody up: its callers will.
    bool settled() const
    {
        for (u32 i = 0; i < plan_->programs().size(); ++i)
            if (is_server(i)
                && (status_[i].state == State::starting || status_[i].state == State::waiting))
                return false;
        return true;
    }

    u32 servers() const
    {
        u32 count = 0;
        for (u32 i = 0; i < plan_->programs().size(); ++i)
            count += is_server(i) ? 1 : 0;
        return count;
    }
    u32 servers(State state) const
    {
        u32 count = 0;
        for (u32 i = 0; i < plan_->programs().size(); ++i)
            count += is_server(i) && status_[i].state == state ? 1 : 0;
        return count;
    }

private:
    bool is_server(u32 program) const
    {
        return plan_->programs()[program].role == table::Role::server;
    }
    bool gives_verdict(u32 program) const
    {
        return (plan_->programs()[program].flags & table::ProgramFlags::verdict) != 0;
    }

    const Plan* plan_;
    std::array<Status, table::max_programs> status_{};
};

}  // namespace init
