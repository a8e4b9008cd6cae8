// initramfs.cpp - files as the Linux kernel unpacks them at boot.
#include "initramfs.hpp"

#include <array>

#include <fmt/format.h>

namespace vireo {
namespace {

// Each part begins on a multiple of four bytes.
void pad(std::vector<u8>& out) { out.resize((out.size() + 3) / 4 * 4); }

void add(std::vector<u8>& out, const InitramfsFile& file, usize number)
{
    const u32 mode = file.executable ? 0100755 : 0100644;
    // inode, mode, uid, gid, links, mtime, size, device (2), of the special file (2), name, check
    const std::array<u64, 13> fields{
        number, mode, 0, 0, 1, 0, file.bytes.size(), 0, 0, 0, 0, file.name.size() + 1, 0};
    std::string header = "070701";
    for (const u64 field : fields)
        header += fmt::format("{:08X}", field);
    header += file.name + '\0';
    out.insert(out.end(), header.begin(), header.end());
    pad(out);
    out.insert(out.end(), file.bytes.begin(), file.bytes.end());
    pad(out);
}

}  // namespace

std::vector<u8> make_initramfs(std::span<const InitramfsFile> files)
{
    std::vector<u8> out;
    usize number = 1;
    for (const auto& file : files)
        add(out, file, number++);
    add(out, {"TRAILER!!!", {}, false}, 0);
    return out;
}

}  // namespace vireo
