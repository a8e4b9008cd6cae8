// vsh/server_commands.cpp - kill, restart, hold, update, crashes.
#include "shell.hpp"

#include <proto/names.hpp>
#include <sys/session.hpp>

namespace vsh {

namespace {

namespace names = proto::names;

std::string_view cause_name(const names::Crash::Reply& crash)
{
    if (crash.hung != 0)
        return "hung";
    switch (static_cast<abi::ExitCause>(crash.cause)) {
    case abi::ExitCause::none:
        return "no start";
    case abi::ExitCause::exited:
        return "exited";
    case abi::ExitCause::killed:
        return "killed";
    case abi::ExitCause::fault:
        return "fault";
    case abi::ExitCause::bad_state:
        return "bad state";
    }
    return "?";
}

void show(const names::Crash::Reply& crash)
{
    Line line;
    line.number(crash.at_ms, 8).put("  ").left(text::of(crash.name), 16);
    line.number(crash.epoch, 5).put("  ").left(cause_name(crash), 10);
    line.left(names::state_name(crash.next), 11).number(crash.wait_ms, 7);
    if (crash.pc != 0)
        line.put("  pc 0x").hex(crash.pc).put(" esr 0x").hex(crash.esr).put(" far 0x").hex(
            crash.far);
    else if (crash.code != 0)
        line.put("  code ").number(crash.code);
    print(line);
}

// Asks init for something that only a manager may ask for.
template <class M>
Status ask(const sys::Startup& given, std::string_view what, const typename M::Request& request)
{
    const auto init = given.grant<sys::Endpoint>("names");
    if (!init)
        return complain(what, init.error());
    if (const auto done = sys::call<M>(*init, request); !done)
        return complain(what, done.error());
    return Status::done;
}

}  // namespace

Status Shell::server(const Command& command)
{
    const auto program = text::padded<sizeof(abi::Name)>(command.program);
    switch (command.verb) {
    case Verb::kill:
        return ask<names::Kill>(*given_, "kill", {program});
    case Verb::restart:
        return ask<names::Restart>(*given_, "restart", {program});
    case Verb::update:
        return ask<names::Update>(*given_, "update",
                                  {program, text::padded<sizeof(abi::Name)>(command.image)});
    default:
        return ask<names::Hold>(*given_, "hold", {program});
    }
}

// The last first.
Status Shell::crashes()
{
    const auto init = given_->grant<sys::Endpoint>("names");
    if (!init)
        return complain("crashes", init.error());
    sys::out("   AT MS  SERVER          EPOCH  CAUSE     NEXT       WAIT MS");
    for (u32 index = 0;; ++index) {
        const auto crash = sys::call<names::Crash>(*init, {index, 0});
        if (!crash && crash.error() == Errc::out_of_range)
            return Status::done;
        if (!crash)
            return complain("crashes", crash.error());
        show(crash->reply);
    }
}

}  // namespace vsh
