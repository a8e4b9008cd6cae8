// tool_run.hpp - the tool on a project that is not real, with a shell script in the place of QEMU.
#pragma once

#include "fixtures.hpp"

namespace vireo::test {

inline std::vector<std::string> words(const FakeProject& project,
                                      const std::vector<std::string>& arguments)
{
    std::vector<std::string> argv{"env",
                                  "-u",
                                  "VIREO_TARGET_DIR",
                                  "VIREO_ROOT=" + project.root().string(),
                                  "VIREO_NO_BUILD=1",
                                  VIREO_TOOL};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

inline Captured vireo_tool(const FakeProject& project, const std::vector<std::string>& arguments)
{
    return run_captured(words(project, arguments), std::chrono::seconds{150});
}

// `run` with a QEMU that is the given script.
inline Captured
run_with(FakeProject& project, const std::string& script, std::vector<std::string> more = {})
{
    std::vector<std::string> arguments{"run", "--qemu", project.script(script).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return vireo_tool(project, arguments);
}

}  // namespace vireo::test
