// qemu_log.cpp - takes QEMU's log apart, a line at a time: a trace can be long.
#include "qemu_log.hpp"

#include "monitor/monitor.hpp"

#include <fstream>

namespace vireo {

QemuLog read_qemu_log(const fs::path& path, bool monitored)
{
    QemuLog log;
    monitor::Monitor monitor;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);)
        if (!monitored || !monitor.line(line))
            log.complaints += line + '\n';
    for (const auto& finding : monitor.findings())
        log.violations.push_back(text_of(finding));
    log.traced = monitor.accesses() != 0;
    return log;
}

}  // namespace vireo
