// project.hpp - where things of this project are.
#pragma once

#include "file.hpp"

namespace vireo {

struct Project {
    fs::path root;
    fs::path target = root / "build/target";  // the target tree
    std::string flavour{};                    // of the kernel; empty: what is shipped

    fs::path systems() const { return root / "systems"; }
    fs::path host_tree() const { return root / "build/host"; }
    fs::path kernel_image() const { return target / "microkernel" / ("Image" + suffix()); }
    fs::path kernel_elf() const { return target / "microkernel" / ("kernel" + suffix() + ".elf"); }
    fs::path programs() const { return target / "programs"; }
    fs::path program(const std::string& name) const { return programs() / (name + ".elf"); }
    fs::path runs() const { return root / "build/run"; }
    fs::path ledger() const { return root / "build/test.ledger"; }
    fs::path packages() const { return root / "tools/packages.txt"; }
    fs::path size_budget() const { return root / "tests/sizes.toml"; }
    fs::path gdb_commands() const { return root / "tools/gdb/vireo.py"; }
    fs::path budgets() const { return root / "tests/budgets.toml"; }

    // Names of the images that are built, sorted.
    std::vector<std::string> program_names() const;
    // A path as a reader wants it: relative to the project when it lies in it.
    std::string shown(const fs::path& path) const;

private:
    std::string suffix() const { return flavour.empty() ? "" : "-" + flavour; }
};

// From VIREO_ROOT, which the shim sets, or else the directory above that has systems/ and
// CMakePresets.json. VIREO_TARGET_DIR names another target tree.
Project find_project();

}  // namespace vireo
