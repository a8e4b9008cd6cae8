// vsh/shell.hpp - carries commands out. Every command opens what it needs and closes it again.
#pragma once

#include "command.hpp"
#include "output.hpp"

#include <block/disk.hpp>
#include <sys/startup.hpp>

namespace vsh {

class Shell {
public:
    explicit Shell(const sys::Startup& given) : given_{&given} {}

    Status execute(std::string_view line);

private:
    Status run(const Command& command);

    // system_commands.cpp
    Status help();
    Status ps();
    Status devices();
    Status rand(const Command& command);

    // server_commands.cpp
    Status crashes();
    Status server(const Command& command);

    // stat_command.cpp
    Status stat(const Command& command);

    // watch_command.cpp
    Status watch(const Command& command);

    // disk_commands.cpp
    Status disk(const Command& command);

    // stress_command.cpp
    Status stress(block::Disk& disk, const Command& command);

    // net_commands.cpp
    Status net(const Command& command);

    // input_commands.cpp
    Status input_list();
    Status input(const Command& command);

    const sys::Startup* given_;
};

}  // namespace vsh
