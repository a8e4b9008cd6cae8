// vsh/main.cpp - the guest shell: each argument is a command line. All of them are carried out, in
// order; the exit status is that of the last one that failed, or 0. Without arguments it asks at
// the console.
#include "prompt.hpp"
#include "shell.hpp"

namespace vsh {

Status Shell::execute(std::string_view line)
{
    const auto command = parse(line);
    if (command)
        return run(*command);

    const Problem& problem = command.error();
    Line complaint;
    complaint.put("vsh: ").put(problem.what);
    if (!problem.word.empty())
        complaint.put(": ").put(problem.word.substr(0, 80));
    if (problem.usage.empty())
        complaint.put(" (try: help)");
    else
        complaint.put(" (usage: ").put(problem.usage).put(")");
    print(complaint);
    return Status::misused;
}

Status Shell::run(const Command& command)
{
    switch (command.verb) {
    case Verb::nothing:
        return Status::done;
    case Verb::help:
        return help();
    case Verb::ps:
        return ps();
    case Verb::devices:
        return devices();
    case Verb::rand:
        return rand(command);
    case Verb::crashes:
        return crashes();
    case Verb::kill:
    case Verb::restart:
    case Verb::hold:
    case Verb::update:
        return server(command);
    case Verb::stat:
        return stat(command);
    case Verb::watch:
        return watch(command);
    case Verb::jobs:
    case Verb::wait:
    case Verb::poweroff:
        return Status::done;  // without a prompt there are no jobs, and the end is near
    case Verb::net_info:
    case Verb::net_stats:
    case Verb::net_send:
    case Verb::net_dump:
    case Verb::net_arp:
    case Verb::net_ping:
        return net(command);
    case Verb::input_list:
        return input_list();
    case Verb::input_watch:
    case Verb::input_led:
    case Verb::input_state:
        return input(command);
    case Verb::blk_info:
    case Verb::blk_sha256:
    case Verb::blk_read:
    case Verb::blk_write:
    case Verb::blk_fill:
    case Verb::blk_verify:
    case Verb::blk_flush:
    case Verb::blk_discard:
    case Verb::blk_zero:
    case Verb::blk_unmap:
    case Verb::blk_id:
    case Verb::blk_cache:
    case Verb::blk_bench:
    case Verb::blk_stress:
        break;
    }
    return disk(command);
}

}  // namespace vsh

int app_main(const sys::Startup& given)
{
    if (given.argument_count() == 0)
        return static_cast<int>(vsh::ask_at_console(given));
    vsh::Shell shell{given};
    auto status = vsh::Status::done;
    for (u32 i = 0; i < given.argument_count(); ++i)
        if (const auto ended = shell.execute(given.argument(i)); ended != vsh::Status::done)
            status = ended;
    return static_cast<int>(status);
}
