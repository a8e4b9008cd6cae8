// against.hpp - `bench --against linux`: both systems run the same workloads in turn, on the same
// QEMU command line but for the kernel.
//
// tools/linux has the guest's program, the counter, and the script that gets a kernel. Each round
// runs each system twice: with the counter, for instructions and events, and without, for times.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

int bench_against(const Project& project, const Options& options);

}  // namespace vireo
