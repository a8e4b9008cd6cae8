// tests/host/microkernel/tree_editor.hpp - makes and changes device trees by libfdt, for tests.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <base/types.hpp>

class TreeEditor {
public:
    TreeEditor();  // an empty root

    // A path that does not exist is made, from the root downwards.
    TreeEditor&
    cells(const std::string& path, const char* property, std::initializer_list<u32> values);
    TreeEditor& text(const std::string& path, const char* property, const std::string& value);
    TreeEditor& bytes(const std::string& path, const char* property, const std::vector<u8>& value);
    TreeEditor& drop(const std::string& path, const char* property);
    TreeEditor& drop(const std::string& path);
    TreeEditor& reserve(u64 base, u64 size);

    // Exactly as long as the tree, so that a sanitizer sees every byte read beyond it.
    std::vector<std::byte> blob() const;

private:
    int node(const std::string& path);

    std::vector<char> tree_;
};

// A small machine that lacks nothing: 64 MiB of memory, two CPUs, GICv3, PL011, two virtio slots.
TreeEditor small_machine();
