// tests/host/microkernel/tree_editor.cpp - libfdt's editing calls, each checked.
#include "tree_editor.hpp"

#include <cstring>
#include <stdexcept>

#include <libfdt.h>

namespace {

void require(int result)
{
    if (result < 0)
        throw std::runtime_error{fdt_strerror(result)};
}

}  // namespace

TreeEditor::TreeEditor() : tree_(1 << 20)
{
    require(fdt_create_empty_tree(tree_.data(), static_cast<int>(tree_.size())));
}

int TreeEditor::node(const std::string& path)
{
    const int found = fdt_path_offset(tree_.data(), path.c_str());
    if (found >= 0)
        return found;
    const auto slash = path.rfind('/');
    const int parent = node(slash == 0 ? "/" : path.substr(0, slash));
    const int made = fdt_add_subnode(tree_.data(), parent, path.c_str() + slash + 1);
    require(made);
    return made;
}

TreeEditor&
TreeEditor::bytes(const std::string& path, const char* property, const std::vector<u8>& value)
{
    require(fdt_setprop(tree_.data(), node(path), property, value.data(),
                        static_cast<int>(value.size())));
    return *this;
}

TreeEditor&
TreeEditor::cells(const std::string& path, const char* property, std::initializer_list<u32> values)
{
    std::vector<u8> big_endian;
    for (const u32 value : values)
        for (int shift = 24; shift >= 0; shift -= 8)
            big_endian.push_back(static_cast<u8>(value >> shift));
    return bytes(path, property, big_endian);
}

TreeEditor&
TreeEditor::text(const std::string& path, const char* property, const std::string& value)
{
    std::vector<u8> with_zero(value.begin(), value.end());
    with_zero.push_back(0);
    return bytes(path, property, with_zero);
}

TreeEditor& TreeEditor::drop(const std::string& path, const char* property)
{
    require(fdt_delprop(tree_.data(), fdt_path_offset(tree_.data(), path.c_str()), property));
    return *this;
}

TreeEditor& TreeEditor::drop(const std::string& path)
{
    require(fdt_del_node(tree_.data(), fdt_path_offset(tree_.data(), path.c_str())));
    return *this;
}

TreeEditor& TreeEditor::reserve(u64 base, u64 size)
{
    require(fdt_add_mem_rsv(tree_.data(), base, size));
    return *this;
}

std::vector<std::byte> TreeEditor::blob() const
{
    std::vector<char> copy = tree_;
    require(fdt_pack(copy.data()));
    std::vector<std::byte> packed(fdt_totalsize(copy.data()));
    std::memcpy(packed.data(), copy.data(), packed.size());
    return packed;
}

TreeEditor small_machine()
{
    TreeEditor tree;
    tree.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
    tree.cells("/", "interrupt-parent", {7});
    tree.text("/psci", "compatible", "arm,psci-0.2").text("/psci", "method", "hvc");
    tree.text("/memory@40000000", "device_type", "memory");
    tree.cells("/memory@40000000", "reg", {0, 0x4000'0000, 0, 0x400'0000});
    tree.cells("/cpus", "#address-cells", {1}).cells("/cpus", "#size-cells", {0});
    for (const u32 id : {1U, 0U}) {  // libfdt puts new nodes first
        const std::string path = "/cpus/cpu@" + std::to_string(id);
        tree.text(path, "device_type", "cpu").text(path, "enable-method", "psci");
        tree.cells(path, "reg", {id});
    }
    tree.text("/timer", "compatible", "arm,armv8-timer");
    tree.cells("/timer", "interrupts", {1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4});
    tree.text("/intc@8000000", "compatible", "arm,gic-v3").cells("/intc@8000000", "phandle", {7});
    tree.cells("/intc@8000000", "#interrupt-cells", {3});
    tree.cells("/intc@8000000", "reg", {0, 0x800'0000, 0, 0x1'0000, 0, 0x80a'0000, 0, 0x4'0000});
    tree.text("/pl011@9000000", "compatible", "arm,pl011");
    tree.cells("/pl011@9000000", "reg", {0, 0x900'0000, 0, 0x1000});
    tree.cells("/pl011@9000000", "interrupts", {0, 1, 4});
    for (const u32 slot : {0U, 1U}) {
        const std::string path = slot == 0 ? "/virtio_mmio@a000000" : "/virtio_mmio@a000200";
        tree.text(path, "compatible", "virtio,mmio").bytes(path, "dma-coherent", {});
        tree.cells(path, "reg", {0, 0xa00'0000 + slot * 0x200, 0, 0x200});
        tree.cells(path, "interrupts", {0, 16 + slot, 1});
    }
    return tree;
}
